title how long a connection waits for accept()
listen 5
A handshake
sleep 200ms
B handshake
accept 1 wait_us>=200000
accept 1 wait_us<=190000
accept none
