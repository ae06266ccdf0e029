"""The backup host's own program: jobs that cron runs, and what they left, told over HTTP."""
