title RST to a listener
listen 5
A > R
= stray_rst
A < none 100ms
drops 1
