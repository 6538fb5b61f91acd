package format

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"strings"
)

const pemBegin = "-----BEGIN "

// pemText is what a text is made of.
type pemText struct {
	text         []byte
	certificates []*x509.Certificate
	keys         int
}

// readPEM reads all blocks of a text. Text between blocks is a comment
// (RFC 7468, section 2), but what looks like the beginning of a block must be
// one. Certificates and keys that are not encrypted must be readable; of other
// blocks only the form is looked at.
func readPEM(text []byte) (pemText, *Error) {
	p := pemText{text: text}
	blocks := 0
	for rest := text; ; blocks++ {
		start := beginOf(rest)
		if start < 0 {
			break
		}
		offset := len(text) - len(rest) + start
		block, after := pem.Decode(rest[start:])
		// A damaged block is skipped by the decoder: what it took then holds
		// more than one beginning.
		if block == nil || beginOf(rest[start+1:len(rest)-len(after)]) >= 0 {
			return p, at(text, offset, "a block that is damaged or not closed")
		}
		if kind := p.take(block); kind != "" {
			return p, at(text, offset, kind)
		}
		rest = after
	}
	if blocks == 0 {
		return p, at(text, 0, "no PEM block")
	}
	return p, nil
}

// beginOf returns the offset of the next line that begins a block, or -1.
func beginOf(text []byte) int {
	if bytes.HasPrefix(text, []byte(pemBegin)) {
		return 0
	}
	if i := bytes.Index(text, []byte("\n"+pemBegin)); i >= 0 {
		return i + 1
	}
	return -1
}

// take looks at one block and says what is wrong with it, which is nothing if
// that is empty.
func (p *pemText) take(block *pem.Block) string {
	switch {
	case block.Type == "CERTIFICATE":
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return "a certificate that cannot be read"
		}
		p.certificates = append(p.certificates, c)
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		p.keys++
		if !readableKey(block) {
			return "a private key that cannot be read"
		}
	}
	return ""
}

// readableKey reports whether a key can be read, as far as that can be known.
func readableKey(block *pem.Block) bool {
	var err error
	switch {
	case block.Headers["DEK-Info"] != "": // encrypted
	case block.Type == "PRIVATE KEY":
		_, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case block.Type == "RSA PRIVATE KEY":
		_, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case block.Type == "EC PRIVATE KEY":
		_, err = x509.ParseECPrivateKey(block.Bytes)
	}
	return err == nil
}
