title RST in window, not exact: challenge ACK, then held back
listen 5
A syn
A > R seq 5
if challenge_ack
= req_challenge
A < A seq 1 ack 1
A > R seq 6
= req_challenge_limited
A < none 50ms
+ TCPChallengeACK 1 TCPACKSkippedChallenge 1
drops 2
else
= req_rst
A < none 50ms
+ EmbryonicRsts 1 AttemptFails 1
drops 1
end
