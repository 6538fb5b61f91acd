package statsd

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"concierge/metrics"
)

// Dialect is the form of the lines.
type Dialect uint8

// The dialects.
const (
	Plain   Dialect = iota // as of the first StatsD: no tags
	Datadog                // DogStatsD: with tags
)

// Defaults of [Config]. The sizes of packets are those of Datadog's clients: the
// first fits into a frame of Ethernet, the second into what agents read at once.
const (
	DefaultTimeout     = 5 * time.Second
	DefaultUDPPacket   = 1432
	DefaultUnixPacket  = 8192
	DefaultRate        = 10_000 // packets a second
	DefaultMaxCounters = 100_000
)

// Config says where and how to deliver. Only Address has no default.
type Config struct {
	// Address is host:port for UDP, or unix:/path/of/socket.
	Address string
	Dialect Dialect
	Prefix  string          // of every name, with a dot behind it; may be empty
	Tags    []metrics.Label // of every line; only in Datadog's dialect

	Timeout     time.Duration // of a whole push or heartbeat; 0 is DefaultTimeout
	MaxPacket   int           // bytes; 0 is DefaultUDPPacket or DefaultUnixPacket
	Rate        int           // packets a second; 0 is DefaultRate
	MaxCounters int           // that are remembered; more are left out and counted; 0 is DefaultMaxCounters
}

// place is a parsed address.
type place struct{ network, address string }

func (c Config) place() (place, error) {
	if path, ok := strings.CutPrefix(c.Address, "unix:"); ok {
		path = "/" + strings.TrimLeft(path, "/") // unix:///path, too
		if path == "/" {
			return place{}, errors.New("the address names no socket: write unix:/path/of/socket")
		}
		return place{"unixgram", path}, nil
	}
	host, port, err := net.SplitHostPort(c.Address)
	if err != nil || host == "" || port == "" || strings.ContainsAny(host, "/@") {
		return place{}, errors.New("the address cannot be read: write host:port, as in localhost:8125, or unix:/path/of/socket")
	}
	return place{"udp", c.Address}, nil
}

// withDefaults returns the settings with nothing left open.
func (c Config) withDefaults(p place) Config {
	size := DefaultUDPPacket
	if p.network == "unixgram" {
		size = DefaultUnixPacket
	}
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	c.MaxPacket = cmp.Or(c.MaxPacket, size)
	c.Rate = cmp.Or(c.Rate, DefaultRate)
	c.MaxCounters = cmp.Or(c.MaxCounters, DefaultMaxCounters)
	c.Tags = slices.Clone(c.Tags)
	return c
}

func (c Config) validate() error {
	const least, most = 128, 65_507
	var errs []error
	if c.Timeout < 0 {
		errs = append(errs, errors.New("the timeout is negative: leave it out for the default"))
	}
	if c.MaxPacket < least || c.MaxPacket > most {
		errs = append(errs, fmt.Errorf("packets of %d bytes: they can have from %d to %d", c.MaxPacket, least, most))
	}
	if c.Rate < 0 || c.MaxCounters < 0 {
		errs = append(errs, errors.New("a limit is negative: leave it out for the default"))
	}
	if len(c.Tags) > 0 && c.Dialect != Datadog {
		errs = append(errs, errors.New("plain StatsD has no tags: set the dialect to datadog, or leave them out"))
	}
	return errors.Join(errs...)
}
