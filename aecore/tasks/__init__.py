"""Work that a page waits for, done in a process of its own: torch stays out of the server, and pages can show progress.

`desk` is the server's side (the queue, the jobs), `process` the other one, `messages` what goes between them; `picture` and
`comparison` hold the tasks themselves.
"""
