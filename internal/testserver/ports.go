package testserver

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"syscall"
)

// freePorts returns n distinct TCP ports of loopback that are free now.
func freePorts(n int) ([]int, error) { return holdPorts(n, func() int { return 0 }) }

// freeLowPorts is for servers that refuse a port above 32767, which is where
// the kernel chooses them, and for those that are started again on their port:
// the kernel may give a higher one to a connection meanwhile.
func freeLowPorts(n int) ([]int, error) {
	const lowest, highest = 16384, 32767
	return holdPorts(n, func() int { return lowest + rand.IntN(highest-lowest) })
}

// holdPorts listens on n ports at the same time, so that they are distinct.
func holdPorts(n int, choose func() int) (ports []int, err error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			err = errors.Join(err, l.Close())
		}
	}()
	for len(ports) < n {
		l, err := net.Listen("tcp", hostPort(choose()))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		held = append(held, l)
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
