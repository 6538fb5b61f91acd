package vault

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/url"
	"os"
	"time"

	"concierge/sources"
)

// largestFile bounds what is read of a destination file.
const largestFile = 4 << 20

var errNoPEM = errors.New("the answer holds no certificate in PEM form; the path must be one that issues or signs (mount/issue/role), and format must not be der")

// certificateOnDisk answers with what the destination file holds: a pair that
// was made for the same parameters and is not due for rotation. It does not need
// Vault, so it serves while that is away, too.
func (s *Source) certificateOnDisk(r request, params url.Values) (found, bool) {
	text, err := readRegular(params.Get(sources.ParamFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("certificate file cannot be read, a new certificate is issued", "path", r.path, "error", err)
	}
	wish := wishOf(params)
	for _, p := range pairsIn(text) {
		if life := s.rotateAfter(p); life > 0 && wish.fits(p) {
			got := s.certified(p, life)
			got.local = true
			return got, true
		}
	}
	return found{}, false
}

// certificate asks Vault for a new certificate.
func (v *visit) certificate(ctx context.Context, params url.Values) (found, error) {
	got, err := v.client.Logical().WriteWithContext(ctx, v.request.path, body(params))
	if err != nil {
		return found{}, v.hints.explain(v.request.String(), err)
	}
	if got == nil {
		return found{}, &refusal{fmt.Errorf("%s: %w", v.request, errNoPEM)}
	}
	pairs := pairsIn(pemOf(got.Data))
	if len(pairs) == 0 {
		return found{}, &refusal{fmt.Errorf("%s: %w", v.request, errNoPEM)}
	}
	// A new certificate may be past the point of rotation if its life is short
	// beside what Vault dates it back: then it serves for half of what is left.
	p := pairs[0]
	return v.source.certified(p, max(v.source.rotateAfter(p), time.Until(p.leaf.NotAfter)/2)), nil
}

func (s *Source) certified(p *pair, life time.Duration) found {
	value := sources.Value{Exists: true, Data: p.answer(), Tainted: true}
	return found{value: value, loan: s.keepFor(term{life: max(life, shortest), exact: true})}
}

// rotateAfter is how long until the certificate is to be rotated: at the
// threshold of its whole life, which begins before it is issued. Its own bytes
// move that by up to 3 per cent: a fleet does not rotate in step, and whoever
// looks at one certificate twice finds the same time.
func (s *Source) rotateAfter(p *pair) time.Duration {
	whole := p.leaf.NotAfter.Sub(p.leaf.NotBefore)
	sum := sha256.Sum256(p.leaf.Raw)
	spread := float64(binary.BigEndian.Uint32(sum[:]))/math.MaxUint32 - 0.5
	part := min(s.part+0.06*spread, 0.99)
	return time.Until(p.leaf.NotBefore.Add(time.Duration(float64(whole) * part)))
}

// readRegular reads a file, but nothing that could block, like a pipe. No name
// is an empty file.
func readRegular(name string) (text []byte, err error) {
	if name == "" {
		return nil, nil
	}
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, largestFile))
}
