"""The rig: a real Asterisk on loopback, phones that speak SIP and RTP, and sound whose every frame is known again."""
