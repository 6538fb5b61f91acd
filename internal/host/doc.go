// Package host is what concierge tells the machine it runs on: its process ID
// in a file, and its state to the service manager.
//
// A caller of its functions is never blocked for longer than a second.
package host
