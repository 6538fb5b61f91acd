// Package admin lets others see a running instance, and operators on the same
// machine steer it.
//
// The control socket is for operators: HTTP/1.1 over a unix socket, served by
// [Server] and spoken by [Client]. It has mode 0600 from the moment it has its
// name, and every connection is asked for its kernel-given credentials; only
// root and the user that the instance runs as are served.
//
// The [Site] is for machines: health checks, metrics and the status, at an
// address that the configuration names. It changes nothing and asks nobody who
// he is.
//
// What clients may cost is bounded for both: the number of connections, the size
// of requests, and the time for each.
//
// The package is a leaf. What it shows and steers is an [Instance].
//
// Goroutines and their owner: [Serve] and [ServeSite] start one that accepts,
// net/http one for each connection; [Server.Close] and [Site.Close] end and await
// all of them.
package admin
