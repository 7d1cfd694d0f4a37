"""What is played and not done: lives, ladders on trial, a bank that is not there."""
