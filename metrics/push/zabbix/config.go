package zabbix

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Payload is what carries the values of the application.
type Payload uint8

// The payloads.
const (
	Items    Payload = iota // one value per item, with the server's count of those it took
	Document                // the whole document as one text, which the server takes apart
)

// Compression says when bodies are compressed.
type Compression uint8

// The kinds of compression.
const (
	CompressAuto   Compression = iota // over 64 KB; to other machines over 1 KB
	CompressAlways                    // every request
	CompressNever                     // no request: for servers before 4.0, and to look at the traffic
)

// Defaults of [Config].
const (
	DefaultConnectTimeout = 3 * time.Second
	DefaultTimeout        = 60 * time.Second
	DefaultBeatTimeout    = 3 * time.Second
	DefaultPrefix         = "app"
	DefaultMaxDocument    = 16 << 20
)

// Config says where and how to deliver. Only Nodes has no default.
type Config struct {
	// Nodes are the host:port addresses of one server: the nodes of its cluster,
	// or of a group of proxies. See [ParseDestinations].
	Nodes []string
	// Host is whose items the values are; if empty, that of the snapshot.
	Host string

	ConnectTimeout time.Duration // per address; 0 is DefaultConnectTimeout
	Timeout        time.Duration // of a whole push; 0 is DefaultTimeout
	BeatTimeout    time.Duration // of a whole heartbeat; 0 is DefaultBeatTimeout

	TLS         *TLS // nil is an unencrypted connection
	Compression Compression
	MaxValues   int // in one request; 0 is no limit, which is what servers want

	Payload     Payload
	MaxDocument int // bytes; 0 is DefaultMaxDocument

	// Prefix begins the keys: PREFIX.timer[name,p99]. If empty, DefaultPrefix.
	Prefix string
	// Plain are groups whose samples have their own name as key, without prefix
	// and discovery, as far as they have no labels. Nil is [DefaultPlain].
	Plain []string
	// Texts are the names of those texts that are sent; * stands for any
	// characters. All other texts are left out and counted.
	Texts []string

	Discovery Discovery
	Register  *Registration // nil is no registration
	// Heartbeat is how often the server should expect a heartbeat of an active
	// agent, which is sent with every [Target.Beat]; 0 sends none. Servers before
	// 6.2 do not know it.
	Heartbeat time.Duration

	Now func() time.Time // nil is time.Now
	Log *slog.Logger     // nil logs nothing
}

// Discovery says how metrics are announced.
type Discovery struct {
	Off      bool
	Old      bool          // the documents of servers before 4.2: the rows are in an object, under "data"
	Window   time.Duration // how long a metric is announced after it was last seen; 0 is 24 h
	Learning time.Duration // how long the server may need to make items; 0 is 90 s
	Repeat   time.Duration // how often it is announced without a change; 0 is 1 h
	MaxRows  int           // of all documents; 0 is 100,000
}

// DefaultPlain returns the groups that concierge itself measures.
func DefaultPlain() []string {
	return []string{"container", "process", "child", "checks", "push", "source", "cluster"}
}

// withDefaults returns the settings with nothing left open.
func (c Config) withDefaults() Config {
	setDefault(&c.ConnectTimeout, DefaultConnectTimeout)
	setDefault(&c.Timeout, DefaultTimeout)
	setDefault(&c.BeatTimeout, DefaultBeatTimeout)
	setDefault(&c.MaxDocument, DefaultMaxDocument)
	setDefault(&c.Prefix, DefaultPrefix)
	setDefault(&c.Discovery.Window, 24*time.Hour)
	setDefault(&c.Discovery.Learning, 90*time.Second)
	setDefault(&c.Discovery.Repeat, time.Hour)
	setDefault(&c.Discovery.MaxRows, 100_000)
	if c.Plain == nil {
		c.Plain = DefaultPlain()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Nodes = slices.Clone(c.Nodes)
	return c
}

func setDefault[T comparable](setting *T, value T) {
	if *setting == *new(T) {
		*setting = value
	}
}

func (c Config) validate() error {
	var errs []error
	if len(c.Nodes) == 0 {
		errs = append(errs, errors.New("no server is named: give its address, as in zabbix.example.com:10051"))
	}
	if c.Host != "" {
		errs = append(errs, checkHost(c.Host))
	}
	if !isKeyName(c.Prefix) {
		errs = append(errs, fmt.Errorf("key prefix %q: only letters, digits, dot, dash and underscore can be in a key", c.Prefix))
	}
	if c.Register != nil {
		errs = append(errs, c.Register.validate(c.TLS != nil))
	}
	if c.Heartbeat < 0 || c.Heartbeat > time.Hour {
		errs = append(errs, fmt.Errorf("heartbeat every %s: servers take up to 1h", c.Heartbeat))
	}
	for name, n := range map[string]int64{
		"timeout": int64(c.Timeout), "connect timeout": int64(c.ConnectTimeout), "heartbeat timeout": int64(c.BeatTimeout),
		"values per request": int64(c.MaxValues), "document limit": int64(c.MaxDocument), "discovery window": int64(c.Discovery.Window),
		"learning time": int64(c.Discovery.Learning), "discovery repetition": int64(c.Discovery.Repeat), "discovery rows": int64(c.Discovery.MaxRows),
	} {
		if n < 0 {
			errs = append(errs, fmt.Errorf("%s is negative: leave it out for the default", name))
		}
	}
	return errors.Join(errs...)
}

// checkHost applies the server's rule for names of hosts.
func checkHost(name string) error {
	const longest = 128
	allowed := func(r rune) bool { return isKeyRune(r) || r == ' ' }
	if name == "" || len(name) > longest || !onlyRunes(name, allowed) {
		return fmt.Errorf("host name %q: a Zabbix host has 1 to %d letters, digits, spaces, dots, dashes and underscores: set metrics.host", name, longest)
	}
	return nil
}
