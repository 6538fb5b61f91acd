package zabbix

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"
)

// A frame is the letters ZBXD, the flags, the length of what follows, the length
// that it has when inflated (else 0), both little endian, and the body.
const (
	magic      = "ZBXD"
	headerSize = 13

	flagProtocol   = 0x01 // always
	flagCompressed = 0x02
	// 0x04 would be lengths of eight bytes, which 7.0 refuses from senders.

	// longestAnswer bounds an answer, also when it is inflated. Verdicts are
	// below 1 KB; the answer to a registration lists the active items of the host.
	longestAnswer = 1 << 20
	// longestBody is what servers and proxies take, inflated and on the wire.
	longestBody = 1 << 30
)

var errTooLong = errors.New("longer than any such answer")

// putHeader writes the header of a body into the first bytes of frame. Inflated
// is 0 for one that is not compressed.
func putHeader(frame []byte, body, inflated int) {
	copy(frame, magic)
	frame[4] = flagProtocol
	if inflated > 0 {
		frame[4] |= flagCompressed
	}
	binary.LittleEndian.PutUint32(frame[5:], uint32(body))
	binary.LittleEndian.PutUint32(frame[9:], uint32(inflated))
}

// readFrame reads one frame and returns its body, inflated. It never takes more
// memory than what has really arrived, and a few times [longestAnswer].
func readFrame(r io.Reader) ([]byte, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	if string(header[:4]) != magic {
		return nil, fmt.Errorf("the answer begins with %q and not with %q: this is not a Zabbix server, or it wants TLS", header[:4], magic)
	}
	size, inflated := binary.LittleEndian.Uint32(header[5:]), binary.LittleEndian.Uint32(header[9:])
	if size > longestAnswer || header[4]&flagCompressed != 0 && inflated > longestAnswer {
		return nil, fmt.Errorf("%w: %d bytes announced", errTooLong, max(size, inflated))
	}
	var body bytes.Buffer
	if _, err := io.CopyN(&body, r, int64(size)); err != nil {
		return nil, fmt.Errorf("reading %d bytes announced: %w", size, noEOF(err))
	}
	switch header[4] {
	case flagProtocol:
		return body.Bytes(), nil
	case flagProtocol | flagCompressed:
		return inflate(&body, int64(inflated))
	}
	return nil, fmt.Errorf("the answer has flags %#x, of which only %#x and %#x are known", header[4], flagProtocol, flagCompressed)
}

// inflate stops one byte after the announced size, so that a few bytes cannot
// become a gigabyte.
func inflate(body io.Reader, size int64) ([]byte, error) {
	z, err := zlib.NewReader(body)
	if err != nil {
		return nil, fmt.Errorf("inflating the answer: %w", noEOF(err))
	}
	var plain bytes.Buffer
	n, err := io.CopyN(&plain, z, size+1)
	switch {
	case err == nil || n != size:
		return nil, fmt.Errorf("inflating the answer: it has not the %d bytes announced", size)
	case !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("inflating the answer: %w", err)
	}
	return plain.Bytes(), nil
}

// noEOF makes an end in the middle an error that says so.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
