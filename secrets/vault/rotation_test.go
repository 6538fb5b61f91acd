package vault

import (
	"crypto/x509"
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"
)

func TestRotationIsSpreadAndTheSameForOneCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Source{part: 0.9}
		const whole = 100 * time.Hour
		lowest, highest := whole, time.Duration(0)
		for serial := range uint32(500) {
			c := &x509.Certificate{Raw: binary.BigEndian.AppendUint32(nil, serial), NotBefore: time.Now(), NotAfter: time.Now().Add(whole)}
			d := s.rotateAfter(&pair{leaf: c})
			if s.rotateAfter(&pair{leaf: c}) != d {
				t.Fatal("drawn twice for one certificate")
			}
			lowest, highest = min(lowest, d), max(highest, d)
		}
		if lowest < 87*time.Hour || highest > 93*time.Hour || highest-lowest < 5*time.Hour {
			t.Errorf("rotated between %v and %v of %v", lowest, highest, whole)
		}
	})
}
