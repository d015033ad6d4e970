title null, FIN and Xmas segments to a listener
listen 5
A > 0
= stray_no_ack
B > F
= stray_no_ack
C > FPU
= stray_no_ack
D > P len 10
= stray_no_ack
A < none 50ms
drops 4
