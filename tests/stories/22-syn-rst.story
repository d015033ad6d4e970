title SYN+RST to a listener
listen 5
A > SR
= syn_rst
A < none 100ms
drops 1
