title RST+ACK to a listener: ignored, and not even a drop
listen 5
A > RA ack 5
= stray_rst
A < none 50ms
