// Package admin lets operators on the same machine see and steer a running
// instance: HTTP/1.1 over a unix socket, served by [Server] and spoken by
// [Client].
//
// Who may: the socket has mode 0600 from the moment it has its name, and every
// connection is asked for its kernel-given credentials; only root and the user
// that the instance runs as are served. What they may cost is bounded: the
// number of connections, the size of requests, and the time for each.
//
// The package is a leaf. What it shows and steers is an [Instance].
//
// Goroutines and their owner: [Serve] starts one that accepts, net/http one for
// each connection; [Server.Close] ends and awaits all of them.
package admin
