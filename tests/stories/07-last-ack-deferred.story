title bare last ACK under TCP_DEFER_ACCEPT
listen 5 defer=5
A syn
A > A
= req_deferred
A < none 100ms
+ TCPDeferAcceptDrop 1
drops 1
