package probe

import (
	"context"
	"fmt"
	"net"
	"strings"
)

// TCP connects and hangs up. It says that someone listens, not that anyone
// answers: a kernel accepts connections for a program that hangs.
type TCP struct {
	// Address is host:port, or unix:/path/of/socket.
	Address string
}

// Validate reports an address that cannot be one.
func (p TCP) Validate() error { return validAddress(p.Address) }

// Probe implements [Probe].
func (p TCP) Probe(ctx context.Context) error {
	network, address := "tcp", p.Address
	if socket, ok := strings.CutPrefix(p.Address, "unix:"); ok {
		network, address = "unix", socket
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return failed(ctx, "connecting to "+p.Address, err)
	}
	_ = conn.Close() // nothing was written that could be lost
	return nil
}

func validAddress(address string) error {
	if socket, ok := strings.CutPrefix(address, "unix:"); ok && socket != "" {
		return nil
	}
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		return fmt.Errorf(`address %q names no port: write "host:port" or "unix:/path/of/socket"`, line(address, saidMax))
	}
	return nil
}
