package vault

import (
	"time"

	"concierge/secrets"
	"concierge/sources"
)

const (
	// defaultRefresh is consul-template's default_lease_duration.
	defaultRefresh = 5 * time.Minute

	// defaultThreshold is consul-template's lease_renewal_threshold.
	defaultThreshold = 0.9
)

// Config says which Vault is asked, as whom and how. Only Address is needed.
type Config struct {
	Name      string // name of the source in queries; default "vault"
	Address   string // http(s)://host:port or unix:///path
	Namespace string // Enterprise namespace

	Token secrets.Text // token, or the JSON that describes a wrapped one
	// TokenFile is a file with the token, read before each request. It wins over
	// Token, which is used only until there is something in the file.
	TokenFile string
	// Unwrap says that the token is a response-wrapping token: the real one is
	// taken out of it before the first request. Of a Token and a TokenFile this
	// is about what the file holds.
	Unwrap bool
	// RenewToken keeps the token alive in the background if it can be renewed;
	// nil means true. With a TokenFile none is renewed: whoever writes the
	// file does that.
	RenewToken *bool
	Kubernetes Kubernetes // logs in when there is no token

	// Refresh is the interval of reading again what has no lease; default 5 min.
	Refresh time.Duration
	// LeaseThreshold is the part of a lease after which what cannot be renewed
	// is replaced, between 0 and 1 and drawn ±0.05 around it; default 0.9.
	LeaseThreshold float64

	TLS       sources.TLS
	Retry     sources.Retry // delays between attempts; default cap 30 s
	Transport sources.Transport
	Budget    *sources.Budget // of all requests; nil is one of its own, with the default
	UserAgent string          // sent with each request; default that of the API library
	Meter     Meter           // is told of requests, token and leases; nil is nobody
}

// meter is Meter, or one that nobody looks at.
func (c Config) meter() Meter {
	if c.Meter == nil {
		return unmetered{}
	}
	return c.Meter
}

// renews reports whether the token is to be kept alive.
func (c Config) renews() bool {
	return c.TokenFile == "" && (c.RenewToken == nil || *c.RenewToken)
}

// threshold is LeaseThreshold, or its default when it makes no sense.
func (c Config) threshold() float64 {
	if c.LeaseThreshold <= 0 || c.LeaseThreshold >= 1 {
		return defaultThreshold
	}
	return c.LeaseThreshold
}
