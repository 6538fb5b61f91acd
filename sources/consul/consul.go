// Package consul is the source over Consul's key-value store.
//
// Watching costs one HTTP long poll per range, not per key: keys and trees that
// lie together are read by one recursive query (see plan.go), and a source
// never plans more than 64 polls at once as long as its token may list.
//
// # What is guaranteed
//
// All answers that come from one range are of one Consul index: a transaction
// inside a wanted tree arrives as one batch, never torn. Consul has no read
// across ranges that also waits, so a transaction that touches several ranges
// is gathered for a moment (one millisecond) and then very likely, but not
// certainly, one batch.
//
// Reads use Consul's default consistency: the leader answers, under its lease.
// Absence is reported only when Consul said so to a token that may know:
// results that Consul filtered by ACL are a refusal ([sources.ErrDenied]), not
// a shorter tree.
//
// Proxy settings (HTTP_PROXY and its kin) apply as in every Go program. No
// other environment variable is read here.
package consul

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"

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

	// Asked when a query names none. Empty means Consul's own default.
	Datacenter, Namespace, Partition string
}

// Source watches and edits Consul's key-value store. Its methods are safe for
// concurrent use; Watch is called once.
type Source struct {
	name   string
	scope  scope // where queries without options look
	kv     *api.KV
	client *http.Client
	token  secrets.Credential
	hints  hints
	log    *slog.Logger
}

var (
	_ sources.Source = (*Source)(nil)
	_ sources.Store  = (*Source)(nil)
)

// New returns a source that is ready to watch. It does not need the server;
// errors are those of the configuration: an address or certificate that cannot
// be used.
func New(cfg Config, log *slog.Logger) (*Source, error) {
	kv, client, err := connect(cfg)
	if err != nil {
		return nil, err
	}
	return &Source{
		name:   cmp.Or(cfg.Name, "consul"),
		scope:  scope{dc: cfg.Datacenter, ns: cfg.Namespace, partition: cfg.Partition},
		kv:     kv,
		client: client,
		token:  secrets.NewCredential(cfg.Token, cfg.TokenFile),
		hints:  hints{address: cfg.Address},
		log:    log.With("component", "consul"),
	}, nil
}

// Close drops idle connections. It is called after Watch has returned.
func (s *Source) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// Watch implements [sources.Source]. Kinds other than Key and Tree are
// reported as failed.
func (s *Source) Watch(ctx context.Context, wanted <-chan []sources.Query, publish func(sources.Update)) {
	ctx, cancel := context.WithCancel(ctx)
	w := newWatcher(s, publish)
	defer w.polling.Wait()
	defer cancel()
	w.loop(ctx, wanted)
}
