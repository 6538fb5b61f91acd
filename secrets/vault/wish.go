package vault

import (
	"crypto/x509"
	"encoding/pem"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// wish is what the parameters of a request say about the certificate. What
// they leave out may be anything.
type wish struct {
	commonName string
	names      []string // of hosts and mail; nil if they are not given
	addresses  []string
	uris       []string
	csr        *x509.CertificateRequest // decides alone if it is given
}

func wishOf(params url.Values) wish {
	w := wish{
		commonName: strings.TrimSpace(params.Get("common_name")),
		addresses:  splitList(params.Get("ip_sans")),
		uris:       splitList(params.Get("uri_sans")),
	}
	if alt := splitList(params.Get("alt_names")); len(alt) > 0 {
		w.names = append(alt, w.commonName)
	}
	if block, _ := pem.Decode([]byte(params.Get("csr"))); block != nil {
		w.csr, _ = x509.ParseCertificateRequest(block.Bytes)
	}
	return w
}

// fits reports whether a pair that was issued earlier is what is wished for.
func (w wish) fits(p *pair) bool {
	if w.csr != nil {
		return samePublicKey(w.csr.PublicKey, p.leaf.PublicKey)
	}
	if p.key == "" {
		return false
	}
	c := p.leaf
	var addresses, uris []string
	for _, a := range c.IPAddresses {
		addresses = append(addresses, a.String())
	}
	for _, u := range c.URIs {
		uris = append(uris, u.String())
	}
	names := slices.Concat(c.DNSNames, c.EmailAddresses, []string{c.Subject.CommonName})
	return (w.commonName == "" || w.commonName == c.Subject.CommonName) &&
		sameIfGiven(w.names, names, plainName) &&
		sameIfGiven(w.addresses, addresses, plainAddress) &&
		sameIfGiven(w.uris, uris, strings.TrimSpace)
}

// sameIfGiven reports whether both lists hold the same, in any order and
// number, once each element is in its plain form. A list that is not given
// equals everything.
func sameIfGiven(wanted, have []string, plain func(string) string) bool {
	return len(wanted) == 0 || slices.Equal(plainSet(wanted, plain), plainSet(have, plain))
}

func plainSet(all []string, plain func(string) string) []string {
	set := make([]string, 0, len(all))
	for _, s := range all {
		if s = plain(s); s != "" {
			set = append(set, s)
		}
	}
	slices.Sort(set)
	return slices.Compact(set)
}

// plainName is a name in lower case. Internationalised names have two
// spellings, so they are not compared.
func plainName(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if strings.Contains(s, "xn--") || strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) >= 0 {
		return ""
	}
	return s
}

func plainAddress(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().String()
	}
	return s
}
