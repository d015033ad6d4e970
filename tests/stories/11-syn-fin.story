title SYN+FIN
listen 5
A > SF mss 1460
= syn_fin
A < none 100ms
drops 1
