"""Any run of changes of a few things, and what a catalogue made of it."""

from hypothesis import strategies as st

from connector.catalogue.all_tables import METADATA
from connector.catalogue.store import Catalogue
from connector.domain.ids import RecordingId
from connector.domain.recording import SegmentState
from connector.domain.states import IN_CAPTURE, RecordingState
from tests.builders import MORNING, a_call, a_due, a_recording, a_segment

_STATES = st.sampled_from([*sorted(IN_CAPTURE), RecordingState.CAPTURED, RecordingState.ABSENT])
CHANGES = st.one_of(
    st.builds(lambda n, queue: a_call(id=f"call-{n}", queue=queue), st.integers(0, 2), st.sampled_from("abc")),
    st.builds(lambda n, state: a_recording(id=f"recording-{n}", state=state), st.integers(0, 2), _STATES),
    st.builds(
        lambda n, state: a_segment(id=f"segment-{n}", state=state),
        st.integers(0, 2),
        st.sampled_from(list(SegmentState)),
    ),
    st.builds(lambda n, at: a_due(attempt=n, at=at), st.integers(1, 2), st.floats(0, 9)),
)


async def contents(catalogue: Catalogue) -> object:
    files = [await catalogue.shipping.file(RecordingId(f"recording-{n}")) for n in range(3)]
    found = await catalogue.calls.unfinished("here", "asterisk")
    return files, found, await catalogue.dues.fallen("here", MORNING + 1e6, 100)


async def emptied(catalogue: Catalogue) -> None:
    await catalogue.database.write(
        lambda connection: [connection.execute(table.delete()) for table in reversed(METADATA.sorted_tables)]
    )
