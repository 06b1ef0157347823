"""Why there is nothing to hear or to read, as HTTP says it: 404 with the reason, 410 with what is left."""

from fastapi import Request, Response

from connector.services.absences import Absence, Outlook
from connector.web.problems import problem

_RETRY_SECONDS = 5


def absence_answer(request: Request, absence: Absence) -> Response:
    if absence.outlook is Outlook.GONE:
        facts = {str(name): value for name, value in absence.facts.items()}
        return problem(410, absence.detail, request, headers=None, reason=absence.reason, **facts)
    headers = {"retry-after": str(_RETRY_SECONDS)} if absence.outlook is Outlook.NOT_YET else None
    return problem(404, absence.detail, request, headers=headers, reason=absence.reason)
