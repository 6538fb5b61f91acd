package render

import (
	"encoding/json"
	"iter"
	"slices"

	"concierge/sources"
)

// transform returns a copy of an answer's data with f applied to each of its
// strings. Numbers that came as text are passed to f too and stay numbers.
// Map keys and the metadata of key pairs are kept.
func transform(data any, f func(string) string) any {
	switch d := data.(type) {
	case string:
		return f(d)
	case json.Number:
		return json.Number(f(d.String()))
	case map[string]any:
		return transformMap(d, func(v any) any { return transform(v, f) })
	case []any:
		list := make([]any, len(d))
		for i, v := range d {
			list[i] = transform(v, f)
		}
		return list
	case sources.KeyPair:
		d.Value = f(d.Value)
		return d
	case sources.Pairs:
		pairs := slices.Clone(d)
		for i := range pairs {
			pairs[i].Value = f(pairs[i].Value)
		}
		return pairs
	case sources.Names:
		return sources.Names(transformStrings(d, f))
	case *sources.SecretData:
		return transformSecret(d, f)
	case *sources.Certificate:
		return transformCertificate(d, f)
	case *sources.LeafCertificate:
		return transformLeaf(d, f)
	}
	return data
}

func transformMap[V any](m map[string]V, f func(V) V) map[string]V {
	if m == nil {
		return nil
	}
	fresh := make(map[string]V, len(m))
	for k, v := range m {
		fresh[k] = f(v)
	}
	return fresh
}

func transformStrings(list []string, f func(string) string) []string {
	fresh := slices.Clone(list)
	for i, s := range fresh {
		fresh[i] = f(s)
	}
	return fresh
}

// transformSecret leaves what identifies a secret alone and treats its data
// and its tokens.
func transformSecret(s *sources.SecretData, f func(string) string) *sources.SecretData {
	if s == nil {
		return nil
	}
	fresh := *s
	fresh.Data = transformMap(s.Data, func(v any) any { return transform(v, f) })
	fresh.Warnings = slices.Clone(s.Warnings)
	if s.Auth != nil {
		auth := *s.Auth
		auth.ClientToken, auth.Accessor = f(auth.ClientToken), f(auth.Accessor)
		auth.Policies = slices.Clone(auth.Policies)
		auth.Metadata = transformMap(auth.Metadata, f)
		fresh.Auth = &auth
	}
	if s.WrapInfo != nil {
		wrap := *s.WrapInfo
		wrap.Token, wrap.WrappedAccessor = f(wrap.Token), f(wrap.WrappedAccessor)
		fresh.WrapInfo = &wrap
	}
	return &fresh
}

func transformCertificate(c *sources.Certificate, f func(string) string) *sources.Certificate {
	if c == nil {
		return nil
	}
	return &sources.Certificate{Cert: f(c.Cert), Key: f(c.Key), CA: f(c.CA), CAChain: transformStrings(c.CAChain, f)}
}

// transformLeaf leaves what names a certificate alone.
func transformLeaf(c *sources.LeafCertificate, f func(string) string) *sources.LeafCertificate {
	if c == nil {
		return nil
	}
	fresh := *c
	fresh.CertPEM, fresh.PrivateKeyPEM = f(c.CertPEM), f(c.PrivateKeyPEM)
	return &fresh
}

// leaves yields what transform treats.
func leaves(data any) iter.Seq[string] {
	return func(yield func(string) bool) {
		more := true
		transform(data, func(s string) string {
			more = more && yield(s)
			return s
		})
	}
}

// private returns a copy of a secret that a template may change.
func private(s *sources.SecretData) *sources.SecretData {
	return transformSecret(s, func(s string) string { return s })
}
