title close with a pending request: its timer ends it
listen 5
A syn
close
=listener close killed_requests 1 killed_children 0
A < none 1300ms
A =request killed_by_close
