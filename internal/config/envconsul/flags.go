package envconsul

import (
	"errors"
	"slices"
	"strings"

	"concierge/internal/config/consultemplate"
	"concierge/internal/config/hclfile"
)

// Flags returns all flags, for help texts and completion.
func Flags() []consultemplate.Flag { return new(Invocation).flags() }

// flags returns the flags, which set what is in the invocation.
func (i *Invocation) flags() []consultemplate.Flag {
	return slices.Concat(
		[]consultemplate.Flag{{Name: "config", Arg: "path", Help: "Configuration file or directory; may be repeated, later ones win.", Set: func(path string) error {
			i.paths = append(i.paths, path)
			return nil
		}}},
		i.variableFlags(),
		i.serviceFlags(),
		consultemplate.StoreFlags(&i.over),
		i.vaultFlags(),
		consultemplate.ExecFlags(&i.over),
		consultemplate.CommonFlags(&i.over),
		[]consultemplate.Flag{
			i.flag("once", "", "Fetch everything once, start the process and do not follow changes.", "once"),
			{Name: "v", Help: "Print the version.", Set: i.setVersion},
			{Name: "version", Help: "Print the version.", Set: i.setVersion},
		},
		i.oldFlags(),
	)
}

// flag returns a flag that sets something in the document, in one place or in
// several.
func (i *Invocation) flag(name, arg, help string, paths ...string) consultemplate.Flag {
	return consultemplate.Flag{Name: name, Arg: arg, Help: help, Set: func(text string) error {
		var errs []error
		for _, path := range paths {
			errs = append(errs, hclfile.Set(&i.over, path, text, "-"+name))
		}
		return errors.Join(errs...)
	}}
}

func (i *Invocation) variableFlags() []consultemplate.Flag {
	return []consultemplate.Flag{
		{Name: "prefix", Arg: "path", Help: "Prefix of keys in Consul that become variables; may be repeated, later ones win.", Set: func(text string) error {
			i.over.Prefixes = append(i.over.Prefixes, sourceOf(text, "-prefix"))
			return nil
		}},
		{Name: "secret", Arg: "path", Help: "Secret in Vault whose fields become variables; may be repeated, later ones win.", Set: func(text string) error {
			i.over.Secrets = append(i.over.Secrets, sourceOf(text, "-secret"))
			return nil
		}},
		{Name: "no-prefix", Help: "Leave the paths of -prefix and -secret out of the names.", Set: func(text string) error {
			return hclfile.Set(&i.noPrefix, "no_prefix", text, "-no-prefix")
		}},
		i.flag("pristine", "", "The process inherits no environment.", "pristine"),
		i.flag("sanitize", "", "Turn what is not a letter, digit or underscore in names into an underscore.", "sanitize"),
		i.flag("upcase", "", "Upper-case the names.", "upcase"),
	}
}

func sourceOf(path, at string) Source {
	return Source{At: at, Path: hclfile.Of(strings.TrimPrefix(path, "/"), at)}
}

func (i *Invocation) serviceFlags() []consultemplate.Flag {
	all := []consultemplate.Flag{{Name: "service-query", Arg: "service", Help: "Service in Consul's catalogue that becomes variables; may be repeated.", Set: func(text string) error {
		i.over.Services = append(i.over.Services, Service{At: "-service-query", Query: hclfile.Of(text, "-service-query")})
		return nil
	}}}
	for _, what := range []string{"id", "name", "address", "tag", "port"} {
		name := "service-format-" + what
		all = append(all, consultemplate.Flag{Name: name, Arg: "format", Help: "Name of the variable of the service's " + what + ", for example {{service}}_{{key}}.", Set: func(text string) error {
			if len(i.over.Services) == 0 {
				return errors.New("has no service; write -service-query before it")
			}
			return hclfile.Set(&i.over.Services[len(i.over.Services)-1], "format_"+what, text, "-"+name)
		}})
	}
	return all
}

func (i *Invocation) vaultFlags() []consultemplate.Flag {
	return []consultemplate.Flag{
		i.flag("vault-namespace", "name", "Enterprise namespace of Vault.", "vault.namespace"),
		i.flag("vault-k8s-auth-role-name", "role", "Log in to Vault with the service account of the pod, in this role.", "vault.k8s_auth_role_name"),
		i.flag("vault-k8s-service-account-token", "token", "Token of the service account.", "vault.k8s_service_account_token"),
		i.flag("vault-k8s-service-account-token-path", "path", "File that holds the token of the service account.", "vault.k8s_service_account_token_path"),
		i.flag("vault-k8s-service-mount-path", "path", "Where the method is mounted in Vault (default kubernetes).", "vault.k8s_service_mount_path"),
	}
}

// oldFlags are older spellings.
func (i *Invocation) oldFlags() []consultemplate.Flag {
	return []consultemplate.Flag{
		i.flag("auth", "username[:password]", "Older name of -consul-auth.", "consul.auth"),
		i.flag("consul", "address", "Older name of -consul-addr.", "consul.address"),
		i.flag("token", "token", "Older name of -consul-token.", "consul.token"),
		i.flag("retry", "duration", "Delay after a failure of Consul or Vault, always the same.",
			"consul.retry.backoff", "consul.retry.max_backoff", "vault.retry.backoff", "vault.retry.max_backoff"),
		i.flag("splay", "duration", "Older name of -exec-splay.", "exec.splay"),
		i.flag("timeout", "duration", "Older setting without effect; see -exec-kill-timeout.", "exec.timeout"),
		i.flag("ssl", "", "Older name of -consul-ssl and -vault-ssl.", "consul.ssl.enabled", "vault.ssl.enabled"),
		i.flag("ssl-verify", "", "Older name of -consul-ssl-verify and -vault-ssl-verify.", "consul.ssl.verify", "vault.ssl.verify"),
		i.flag("ssl-ca-cert", "path", "Older name of -consul-ssl-ca-cert and -vault-ssl-ca-cert.", "consul.ssl.ca_cert", "vault.ssl.ca_cert"),
		i.flag("ssl-cert", "path", "Older name of -consul-ssl-cert and -vault-ssl-cert.", "consul.ssl.cert", "vault.ssl.cert"),
	}
}
