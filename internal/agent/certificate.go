package agent

import (
	"crypto/x509"
	"encoding/pem"
	"time"

	"concierge/reload/format"
)

// noteCertificate notes when the first certificate of an output ends whose
// format says that it has one.
func (u *unit) noteCertificate() {
	if f := u.checks.format; f == format.PEM || f == format.PEMPair {
		u.notAfter = firstEnd(u.result.Output)
	}
}

// firstEnd returns when the first of the certificates in a PEM text ends; zero
// if there is none. What is none of them is passed over: the checks have said
// what is to be said of it.
func firstEnd(text []byte) time.Time {
	var first time.Time
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return first
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err == nil && (first.IsZero() || c.NotAfter.Before(first)) {
			first = c.NotAfter
		}
	}
}
