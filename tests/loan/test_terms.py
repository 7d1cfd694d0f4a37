"""The numbers that stand for words in the records: no two of one kind are the same."""

from afterloan.loan.terms import Policy


def test_each_policy_is_a_bit_of_its_own() -> None:
    # `__members__` names a policy that took another's number as well, where iterating would leave it out
    numbers = [int(policy) for name, policy in Policy.__members__.items() if name != "NONE"]
    assert all(number.bit_count() == 1 for number in numbers)
    assert len(set(numbers)) == len(numbers)
