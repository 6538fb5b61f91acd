// Package vault is the source over HashiCorp Vault and its relatives: it reads
// secrets and lists their names, and keeps both current.
//
// # What is guaranteed
//
// Each answer is one read of one secret. Vault has neither watches nor reads
// across secrets, so every secret is read again at intervals (see lease.go) and
// what several reads found is one batch only by chance. Absence is reported only
// when Vault answered so; a deleted or destroyed version of a KV version 2
// secret counts as absent.
//
// Everything published by a read carries the taint of a secret; names of
// secrets do not. Nothing read is ever logged or part of an error.
//
// The token is the given one or that of a file that is read before each
// request. Ways to log in, and the renewal of leases, will live here.
//
// Proxy settings (HTTP_PROXY and its kin) apply as in every Go program. No
// other environment variable takes effect here, though the API library insists
// that VAULT_… variables be well-formed.
package vault

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/hashicorp/vault/api"

	"concierge/secrets"
	"concierge/sources"
)

const (
	// defaultRefresh is consul-template's default_lease_duration.
	defaultRefresh = 5 * time.Minute

	// parallel bounds the requests under way. Vault spends CPU on each, and a
	// whole fleet may start at once.
	parallel = 10

	// requestTimeout bounds one request.
	requestTimeout = 30 * time.Second
)

// Config says which Vault is asked and how. Only Address is needed.
type Config struct {
	Name      string       // name of the source in queries; default "vault"
	Address   string       // http(s)://host:port or unix:///path
	Namespace string       // Enterprise namespace
	Token     secrets.Text // token
	TokenFile string       // file with the token, read before each request; wins over Token
	TLS       sources.TLS
	Refresh   time.Duration // interval of re-reading what has no lease; default 5 min
}

// Source reads secrets. Watch is called once.
type Source struct {
	name    string
	client  *api.Client
	http    *http.Client
	token   secrets.Credential
	refresh time.Duration
	mounts  mounts
	slots   chan struct{} // a slot for each request under way
	hints   hints
	log     *slog.Logger
}

var _ sources.Source = (*Source)(nil)

// New returns a source that is ready to watch. It does not need the server;
// errors are those of the configuration: an address or certificate that cannot
// be used.
func New(cfg Config, log *slog.Logger) (*Source, error) {
	client, transport, err := connect(cfg)
	if err != nil {
		return nil, err
	}
	return &Source{
		name:    cmp.Or(cfg.Name, "vault"),
		client:  client,
		http:    transport,
		token:   secrets.NewCredential(cfg.Token, cfg.TokenFile),
		refresh: cmp.Or(max(cfg.Refresh, 0), defaultRefresh),
		slots:   make(chan struct{}, parallel),
		hints:   hints{address: cfg.Address},
		log:     log.With("component", "vault"),
	}, nil
}

// Close drops idle connections. It is called after Watch has returned.
func (s *Source) Close() error {
	s.http.CloseIdleConnections()
	return nil
}

// Watch implements [sources.Source]. Kinds other than Secret and SecretList are
// reported as failed.
func (s *Source) Watch(ctx context.Context, wanted <-chan []sources.Query, publish func(sources.Update)) {
	ctx, cancel := context.WithCancel(ctx)
	w := newWatcher(s, publish)
	defer w.reading.Wait()
	defer cancel()
	w.loop(ctx, wanted)
}
