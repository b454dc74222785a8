"""What follows from what: which jobs an announcement queues, on one screen."""
