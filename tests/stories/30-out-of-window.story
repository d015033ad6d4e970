title sequence out of window in SYN_RECV: answered, held back, RST
listen 5
A syn
A > A seq 1000000
= req_out_of_window
A < A seq 1 ack 1
A > A seq 1000000
= req_out_of_window_limited
A < none 50ms
A > R seq 1000000
= req_out_of_window_rst
A < none 50ms
B syn
B > A seq 0                             # one before the window, too
= req_out_of_window
B < A seq 1 ack 1
+ TCPACKSkippedSynRecv 1
drops 4
