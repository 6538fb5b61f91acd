package admin

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
)

// unixScheme begins the address of a unix socket.
const unixScheme = "unix:"

// Door is an address that a [Site] is served at. It is not safe for concurrent
// use.
type Door struct {
	address  string
	listener net.Listener
	socket   *Socket // nil for a port
}

// OpenDoor listens at host:port, or at unix:/path with that mode. A unix socket
// replaces that of an instance that was killed; if somebody else listens there
// the error is [ErrInUse].
//
// The caller closes the door, or has [ServeSite] take it over.
func OpenDoor(address string, mode fs.FileMode) (*Door, error) {
	d := &Door{address: address}
	var err error
	if path, ok := strings.CutPrefix(address, unixScheme); ok {
		if d.socket, err = listen(path, mode); err == nil {
			d.listener = d.socket.listener
		}
	} else {
		d.listener, err = net.Listen("tcp", address)
	}
	if err != nil {
		return nil, fmt.Errorf("listening for health checks and metrics at %s: %w", address, cause(err))
	}
	return d, nil
}

// cause leaves out what the caller says anyway.
func cause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// Address is what the door was opened with.
func (d *Door) Address() string { return d.address }

// Close stops listening. It may be called twice.
func (d *Door) Close() error {
	if d.socket != nil {
		return d.socket.Close()
	}
	if err := d.listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
