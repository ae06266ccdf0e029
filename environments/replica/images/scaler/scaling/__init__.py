"""The autoscaler of the *orders* service: how many instances, and which of them serve."""
