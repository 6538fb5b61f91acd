package agent

import (
	"fmt"
	"log/slog"
	"time"

	"concierge/internal/config"
	"concierge/internal/exit"
	"concierge/metrics/telemetry"
	"concierge/render"
	"concierge/secrets/vault"
	"concierge/sources"
	"concierge/sources/consul"
	"concierge/sources/etcd"
	"concierge/sources/file"
)

// The names of the sources, as they stand before the colon in a path.
const (
	consulName = "consul"
	etcdName   = "etcd"
	fileName   = "file"
	vaultName  = "vault"
	localName  = "local"
)

// open makes every configured source. None of them needs its store to be up;
// what fails here is a setting.
func open(cfg *config.Config, log *slog.Logger, own *telemetry.Telemetry) (map[string]opening, error) {
	opened := make(map[string]opening)
	add := func(name string, settings any, make func(*slog.Logger, sourceMeter) (sources.Source, error)) error {
		source, err := make(log.With("source", name), sourceMeter{own, name})
		if err != nil {
			return exit.With(exit.Config, fmt.Errorf("opening source %s: %w", name, err))
		}
		opened[name] = opening{settings: settings, source: source}
		return nil
	}
	err := addAll(cfg, add)
	if err != nil {
		closeAll(opened)
		return nil, err
	}
	return opened, nil
}

// closeAll lets go of sources that are not going to be used.
func closeAll(opened map[string]opening) {
	for _, o := range opened {
		closeSource(o.source)
	}
}

type adder func(name string, settings any, make func(*slog.Logger, sourceMeter) (sources.Source, error)) error

func addAll(cfg *config.Config, add adder) error {
	if c := cfg.Sources.Consul; c != nil {
		err := add(consulName, *c, func(log *slog.Logger, m sourceMeter) (sources.Source, error) { return openConsul(c, log, m) })
		if err != nil {
			return err
		}
	}
	if c := cfg.Sources.Etcd; c != nil {
		settings := etcdSettings{*c, namespaceOf(cfg)}
		err := add(etcdName, settings, func(log *slog.Logger, m sourceMeter) (sources.Source, error) {
			return openEtcd(settings, log, m)
		})
		if err != nil {
			return err
		}
	}
	if c := cfg.Sources.File; c != nil {
		err := add(fileName, *c, func(log *slog.Logger, m sourceMeter) (sources.Source, error) { return openFile(c, log, m) })
		if err != nil {
			return err
		}
	}
	if c := cfg.Secrets.Vault; c != nil {
		err := add(vaultName, *c, func(log *slog.Logger, m sourceMeter) (sources.Source, error) { return openVault(c, log, m) })
		if err != nil {
			return err
		}
	}
	return add(localName, nil, func(log *slog.Logger, _ sourceMeter) (sources.Source, error) { return file.NewLocal(log), nil })
}

// openConsul makes the Consul source.
func openConsul(c *config.Consul, log *slog.Logger, m sourceMeter) (*consul.Source, error) {
	return consul.New(consulConfig(c, log, m), log)
}

func consulConfig(c *config.Consul, log *slog.Logger, m sources.Meter) consul.Config {
	return consul.Config{
		Name: consulName, Address: c.Address, Token: c.Token, TokenFile: c.TokenFile, TLS: tlsOf(c.TLS),
		Datacenter: c.Datacenter, Namespace: c.Namespace, Partition: c.Partition,
		Username: c.Username, Password: c.Password, MaxStale: c.MaxStale, QueryWait: c.QueryWait,
		Retry: retryOf(c.Retry), Transport: sources.Transport(c.Transport), Budget: sources.NewBudget(c.MaxRequests, log), Meter: m,
	}
}

// openEtcd makes the etcd source.
func openEtcd(s etcdSettings, log *slog.Logger, m sourceMeter) (*etcd.Source, error) {
	c := etcdConfig(&s.Etcd, log, m)
	c.Namespace = s.services
	return etcd.New(c, log)
}

// etcdSettings are those of etcd, with the namespace whose services it shows.
type etcdSettings struct {
	config.Etcd
	services string
}

// namespaceOf is where the services of a cluster are; of one that this instance
// is no part of, too, if it has the usual place.
func namespaceOf(cfg *config.Config) string {
	if cfg.Cluster != nil {
		return cfg.Cluster.Namespace
	}
	return "concierge"
}

func etcdConfig(c *config.Etcd, log *slog.Logger, m sources.Meter) etcd.Config {
	return etcd.Config{
		Name: etcdName, Endpoints: c.Endpoints, Username: c.Username, Password: c.Password,
		PasswordFile: c.PasswordFile, TLS: tlsOf(c.TLS), Prefix: c.Prefix, DialTimeout: c.DialTimeout,
		Budget: sources.NewBudget(c.MaxRequests, log), Meter: m,
	}
}

// openFile makes the file source.
func openFile(c *config.File, log *slog.Logger, m sourceMeter) (*file.Source, error) {
	return file.New(file.Config{Name: fileName, Path: c.Path, Rescan: c.Rescan, Meter: m}, log)
}

func openVault(c *config.Vault, log *slog.Logger, m sourceMeter) (*vault.Source, error) {
	return vault.New(vault.Config{
		Name: vaultName, Address: c.Address, Namespace: c.Namespace, Token: c.Token, TokenFile: c.TokenFile,
		TLS: tlsOf(c.TLS), Refresh: c.Refresh, LeaseThreshold: float64(c.LeaseThreshold) / 100,
		RenewToken: c.RenewToken, Unwrap: c.UnwrapToken, Kubernetes: kubernetesOf(c.Kubernetes), UserAgent: c.UserAgent,
		Retry: retryOf(c.Retry), Transport: sources.Transport(c.Transport), Budget: sources.NewBudget(c.MaxRequests, log), Meter: m,
	}, log)
}

func kubernetesOf(k *config.VaultKubernetes) vault.Kubernetes {
	if k == nil {
		return vault.Kubernetes{}
	}
	return vault.Kubernetes{Role: k.Role, Token: k.Token, TokenFile: k.TokenFile, Mount: k.Mount}
}

func retryOf(r config.Retry) sources.Retry {
	return sources.Retry{Attempts: r.Attempts, Base: r.Backoff, Cap: r.MaxBackoff}
}

// patienceOf says for how long each source may be away before concierge gives
// up; those that are not in it may be for ever.
func patienceOf(cfg *config.Config) map[string]time.Duration {
	patience := make(map[string]time.Duration)
	if c := cfg.Sources.Consul; c != nil {
		patience[consulName] = retryOf(c.Retry).Patience()
	}
	if v := cfg.Secrets.Vault; v != nil {
		patience[vaultName] = retryOf(v.Retry).Patience()
	}
	return patience
}

func tlsOf(t config.TLS) sources.TLS { return sources.TLS(t) }

// namingOf says which sources the paths of templates can name.
func namingOf(cfg *config.Config) render.Naming {
	configured := map[string]bool{
		consulName: cfg.Sources.Consul != nil, etcdName: cfg.Sources.Etcd != nil,
		fileName: cfg.Sources.File != nil, vaultName: cfg.Secrets.Vault != nil,
	}
	if cfg.PlainPaths {
		return render.Naming{Default: cfg.Sources.Default}
	}
	catalog := consulName
	if cfg.Sources.Consul == nil && cfg.Sources.Etcd != nil {
		catalog = etcdName
	}
	return render.Naming{Default: cfg.Sources.Default, Catalog: catalog, Known: func(name string) (bool, bool) {
		ok, reserved := configured[name]
		return ok, reserved
	}}
}

// OpenStore opens the source of that name ("" is the default one) for
// listing and editing.
func OpenStore(cfg *config.Config, name string, log *slog.Logger) (sources.Store, error) {
	if name == "" {
		name = cfg.Sources.Default
	}
	switch s := cfg.Sources; {
	case name == consulName && s.Consul != nil:
		return openConsul(s.Consul, log, sourceMeter{})
	case name == etcdName && s.Etcd != nil:
		return openEtcd(etcdSettings{Etcd: *s.Etcd}, log, sourceMeter{})
	case name == fileName && s.File != nil:
		return openFile(s.File, log, sourceMeter{})
	}
	return nil, exit.With(exit.Usage, fmt.Errorf("source %q is not configured (see the sources block of the configuration, or --%s-… flags)", name, name))
}
