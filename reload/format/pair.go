package format

import (
	"bytes"
	"crypto/tls"
	"time"
)

// Pair returns an [*Error] unless the texts hold certificates with their keys:
// a text that has both is a pair by itself, and all others are one pair
// together. The first certificate of a pair is the one the key belongs to; at
// now it must be valid.
func Pair(now time.Time, texts ...[]byte) error {
	if e := checkPair(now, texts); e != nil {
		e.Format = PEMPair
		return e
	}
	return nil
}

func checkPair(now time.Time, texts [][]byte) *Error {
	var parts pemText
	for _, text := range texts {
		p, e := readPEM(text)
		if e != nil {
			return e
		}
		if len(p.certificates) > 0 && p.keys > 0 {
			if e := p.match(now); e != nil {
				return e
			}
			continue
		}
		parts.text = bytes.Join([][]byte{parts.text, text}, []byte{'\n'})
		parts.certificates = append(parts.certificates, p.certificates...)
		parts.keys += p.keys
	}
	if parts.text == nil && len(texts) > 0 {
		return nil
	}
	return parts.match(now)
}

// match checks that the one key of a text belongs to its first certificate.
func (p pemText) match(now time.Time) *Error {
	switch {
	case len(p.certificates) == 0:
		return &Error{Kind: "no certificate"}
	case p.keys == 0:
		return &Error{Kind: "no private key"}
	case p.keys > 1:
		return &Error{Kind: "more than one private key"}
	}
	if _, err := tls.X509KeyPair(p.text, p.text); err != nil {
		return &Error{Kind: "the private key does not belong to the certificate, or is of a kind that is not known", Detail: err.Error()}
	}
	switch leaf := p.certificates[0]; {
	case now.After(leaf.NotAfter):
		return &Error{Kind: "the certificate expired at " + leaf.NotAfter.UTC().Format(time.RFC3339)}
	case now.Before(leaf.NotBefore):
		return &Error{Kind: "the certificate is not valid before " + leaf.NotBefore.UTC().Format(time.RFC3339)}
	}
	return nil
}
