"""Why there is nothing to hear or to read, as HTTP says it: 404 or 410, with the reason and what stands behind it."""

from fastapi import Request, Response

from connector.services.absences import Absence, Outlook
from connector.web.problems import problem

_RETRY_SECONDS = 5


def absence_answer(request: Request, absence: Absence) -> Response:
    status = 410 if absence.outlook is Outlook.GONE else 404
    headers = {"retry-after": str(_RETRY_SECONDS)} if absence.outlook is Outlook.NOT_YET else None
    facts = {str(name): value for name, value in absence.facts.items()}
    return problem(status, absence.detail, request, headers=headers, reason=absence.reason, **facts)
