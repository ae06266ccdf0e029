"""A TCP proxy that makes the conditions of a network bad on demand.

It speaks the HTTP API of Toxiproxy 2 (github.com/Shopify/toxiproxy), so that one client
drives both this server and the official one. One event loop does all the work; bytes of
a connection without toxics go straight from socket to socket.
"""
