// Package consul is the source over Consul's key-value store, its catalogue of
// nodes and services, its health checks and its service mesh.
//
// Watching keys costs one HTTP long poll per range, not per key: keys and trees
// that lie together are read by one recursive query (see plan.go), and a source
// never plans more than 64 such polls at once as long as its token may list.
// Each question to the catalogue is one long poll, shared by all who ask it;
// where that would be more than the connections allow, some are served without
// (see crowd.go).
//
// # What is guaranteed
//
// All answers that come from one range are of one Consul index: a transaction
// inside a wanted tree arrives as one batch, never torn. So is the answer to one
// question to the catalogue. Consul has no read across ranges or questions that
// also waits, so what touches several of them is gathered for a moment (one
// millisecond) and then very likely, but not certainly, one batch.
//
// Reads use Consul's default consistency, in which the leader answers under its
// lease, unless Config.MaxStale allows other servers to answer.
//
// Absence is reported only when Consul said so to a token that may know. Keys
// that Consul filtered by ACL are a refusal ([sources.ErrDenied]), not a shorter
// tree. Of the catalogue a token sees its share, and that is an answer; it is a
// refusal only if Consul says that it hid everything. (Consul does not say so
// to those who show no token.)
//
// Proxy settings (HTTP_PROXY and its kin) apply as in every Go program. No
// other environment variable is read here.
package consul

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/secrets"
	"concierge/sources"
)

// Config says which Consul is asked and how. Only Address is needed.
type Config struct {
	Name      string       // name of the source in queries; default "consul"
	Address   string       // host:port, http(s)://host:port[/prefix] or unix:///path
	Token     secrets.Text // ACL token
	TokenFile string       // file with the ACL token, read at each request; wins over Token
	TLS       sources.TLS

	// For HTTP basic authentication, which a proxy in front of Consul may ask for.
	Username string
	Password secrets.Text

	// Asked when a query names none. Empty means Consul's own default.
	Datacenter, Namespace, Partition string

	// MaxStale lets any server answer, with data at most this old. An older
	// answer, or one of a server that knows no leader, is asked for again, of
	// the leader. 0 asks the leader at once.
	MaxStale time.Duration

	QueryWait time.Duration     // how long Consul is asked to hold a query; default 60 s
	Retry     sources.Retry     // Attempts is not for the source itself
	Budget    *sources.Budget   // of the reads; nil is one of its own, with the default
	Transport sources.Transport // MaxConnsPerHost is the budget of polls; default 128
	Meter     sources.Meter     // is told of the requests; nil is nobody
}

// Source watches and edits Consul's key-value store and watches its catalogue.
// Its methods are safe for concurrent use; Watch is called once.
type Source struct {
	name        string
	scope       scope // where queries without options look
	api         *api.Client
	client      *http.Client
	token       secrets.Credential
	hints       hints
	maxStale    time.Duration
	wait        time.Duration
	retry       sources.Retry
	comeback    *comeback
	meter       sources.Meter
	connections int // that polls may hold
	log         *slog.Logger
}

var (
	_ sources.Source = (*Source)(nil)
	_ sources.Store  = (*Source)(nil)
)

// New returns a source that is ready to watch. It does not need the server;
// errors are those of the configuration: an address or certificate that cannot
// be used.
func New(cfg Config, log *slog.Logger) (*Source, error) {
	cfg.QueryWait = cmp.Or(cfg.QueryWait, defaultWait)
	cfg.Transport.MaxConnsPerHost = cmp.Or(cfg.Transport.MaxConnsPerHost, maxConnections)
	log = log.With("component", "consul")
	cfg.Budget = cmp.Or(cfg.Budget, sources.NewBudget(0, log))
	if cfg.Meter == nil {
		cfg.Meter = sources.Unmetered{}
	}
	client, transport, err := connect(cfg)
	if err != nil {
		return nil, err
	}
	return &Source{
		name:        cmp.Or(cfg.Name, "consul"),
		scope:       scope{dc: cfg.Datacenter, ns: cfg.Namespace, partition: cfg.Partition},
		api:         client,
		client:      transport,
		token:       secrets.NewCredential(cfg.Token, cfg.TokenFile),
		hints:       hints{address: cfg.Address},
		maxStale:    cfg.MaxStale,
		wait:        cfg.QueryWait,
		retry:       cfg.Retry,
		comeback:    newComeback(cfg.Retry),
		meter:       cfg.Meter,
		connections: cfg.Transport.MaxConnsPerHost,
		log:         log,
	}, nil
}

// Close drops idle connections. It is called after Watch has returned.
func (s *Source) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// Watch implements [sources.Source]. Kinds that are not Consul's are reported
// as failed.
func (s *Source) Watch(ctx context.Context, wanted <-chan []sources.Query, publish func(sources.Update)) {
	ctx, cancel := context.WithCancel(ctx)
	w := newWatcher(s, publish)
	defer w.polling.Wait()
	defer cancel()
	w.loop(ctx, wanted)
}
