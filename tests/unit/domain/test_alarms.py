"""Alarms: each rings once and in time, and what is over neither rings nor costs memory."""

from connector.domain.alarms import Alarm, AlarmKind, Alarms


def an_alarm(at: float, subject: str = "s") -> Alarm:
    return Alarm(at, AlarmKind.VERIFY, subject)


def test_an_alarm_rings_once_at_its_moment() -> None:
    alarms = Alarms()
    alarms.set(an_alarm(5))
    assert alarms.next_at == 5
    assert alarms.rung(4.9) == []
    assert alarms.rung(5) == [an_alarm(5)]
    assert alarms.rung(6) == []
    assert alarms.next_at is None


def test_they_ring_in_the_order_of_time() -> None:
    alarms = Alarms()
    for at in (3, 1, 2):
        alarms.set(an_alarm(at))
    assert [alarm.at for alarm in alarms.rung(10)] == [1, 2, 3]


def test_what_is_over_does_not_ring() -> None:
    alarms = Alarms()
    alarms.set(an_alarm(1, "over"))
    alarms.set(an_alarm(1, "lives"))
    alarms.forget(["over"])
    assert alarms.rung(1) == [an_alarm(1, "lives")]


def test_a_million_calls_that_ended_leave_no_alarms_behind() -> None:
    alarms = Alarms()
    alarms.set(an_alarm(86_400, "lives"))
    for number in range(20_000):
        alarms.set(an_alarm(86_400 + number, str(number)))
        alarms.forget([str(number)])
    assert len(alarms) < 3000
    assert alarms.rung(200_000) == [an_alarm(86_400, "lives")]
