package zabbix

import (
	"fmt"
	"iter"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/zlib"
)

const (
	// compressAbove is where compression costs less than sending: measured on
	// loopback at 64 KB; to other machines, all that needs a second segment.
	compressAbove       = 64 << 10
	compressAboveRemote = 1 << 10
	// rowBuffer is when rows go into the compressor.
	rowBuffer = 32 << 10
)

// packet builds one request in memory that is used again for the next one: the
// frame grows to what is sent, the rows are compressed as they come.
type packet struct {
	compression Compression
	remote      bool

	frame []byte // header, and what is compressed already
	plain []byte // what is not
	total int    // bytes of the body before compression
	z     *zlib.Writer
	zips  bool // the compressor has begun
	err   error

	values         int
	prefix, suffix []byte // of each row, around key and value
}

// begin starts a request for values of one host and moment.
func (p *packet) begin(host string, at time.Time) {
	p.prefix = append(appendJSON(append(p.prefix[:0], `{"host":"`...), host), `","key":"`...)
	p.suffix = append(p.suffix[:0], `","clock":`...)
	p.suffix = strconv.AppendInt(p.suffix, at.Unix(), 10)
	p.suffix = append(p.suffix, `,"ns":`...)
	p.suffix = append(strconv.AppendInt(p.suffix, int64(at.Nanosecond()), 10), '}')
	p.reset()
	p.plain = append(p.plain, `{"request":"sender data","data":[`...)
}

// beginRequest starts a request whose body is given as it is.
func (p *packet) beginRequest(body []byte) {
	p.reset()
	p.plain = append(p.plain, body...)
}

func (p *packet) reset() {
	p.frame = append(p.frame[:0], make([]byte, headerSize)...)
	p.plain, p.total, p.values, p.zips, p.err = p.plain[:0], 0, 0, false, nil
}

// add appends one value; both texts are the insides of JSON strings.
func (p *packet) add(key, value []byte) {
	p.open(key)
	p.plain = append(p.plain, value...)
	p.shut()
}

// addText appends one value; both texts are any bytes. A long one goes into the
// compressor in pieces.
func addText[T string | []byte](p *packet, key string, text T) {
	p.open(appendJSON(nil, key))
	for len(text) > rowBuffer {
		end := rowBuffer
		for end > rowBuffer-utf8.UTFMax && !utf8.RuneStart(text[end]) {
			end--
		}
		p.plain = appendJSON(p.plain, text[:end])
		text = text[end:]
		p.flow()
	}
	p.plain = appendJSON(p.plain, text)
	p.shut()
}

// addPieces appends one value that comes in pieces, each of which ends where a
// character ends.
func (p *packet) addPieces(key string, pieces iter.Seq[[]byte]) {
	p.open(appendJSON(nil, key))
	for piece := range pieces {
		p.plain = appendJSON(p.plain, piece)
		p.flow()
	}
	p.shut()
}

// open begins a row, of which the value follows.
func (p *packet) open(key []byte) {
	if p.values > 0 {
		p.plain = append(p.plain, ',')
	}
	p.values++
	p.plain = append(p.plain, p.prefix...)
	p.plain = append(p.plain, key...)
	p.plain = append(p.plain, `","value":"`...)
}

func (p *packet) shut() {
	p.plain = append(p.plain, p.suffix...)
	p.flow()
}

// flow keeps what is not compressed yet small.
func (p *packet) flow() {
	if len(p.plain) > rowBuffer && (p.zips || p.total+len(p.plain) > compressAbove) {
		p.pump()
	}
}

// pump moves the rows into the compressor, if there is one.
func (p *packet) pump() {
	if p.compression == CompressNever {
		return
	}
	if !p.zips {
		p.startCompressor()
	}
	if _, err := p.z.Write(p.plain); err != nil {
		p.err = err
	}
	p.total += len(p.plain)
	p.plain = p.plain[:0]
}

func (p *packet) startCompressor() {
	p.zips = true
	if p.z == nil {
		// The only error is that of a level that does not exist.
		p.z, p.err = zlib.NewWriterLevel((*frameWriter)(p), zlib.BestSpeed)
		return
	}
	p.z.Reset((*frameWriter)(p))
}

// end closes a request for values and returns its frame, which is good until the
// next begin.
func (p *packet) end() ([]byte, error) {
	p.plain = append(p.plain, "]}"...)
	return p.endRequest()
}

func (p *packet) endRequest() ([]byte, error) {
	if p.zips || p.worthCompressing() {
		p.pump()
		if err := p.z.Close(); p.err == nil {
			p.err = err
		}
	} else {
		p.frame = append(p.frame, p.plain...)
	}
	body := len(p.frame) - headerSize
	if p.err != nil {
		return nil, fmt.Errorf("compressing the request: %w", p.err)
	}
	if max(body, p.total) > longestBody {
		return nil, fmt.Errorf("the request has %d bytes, of which servers take %d: send fewer values in one request (max_values)", max(body, p.total), longestBody)
	}
	putHeader(p.frame, body, p.total)
	if p.total == 0 {
		p.total = body
	}
	return p.frame, nil
}

func (p *packet) worthCompressing() bool {
	switch p.compression {
	case CompressAlways:
		return true
	case CompressNever:
		return false
	}
	if p.remote {
		return len(p.plain) > compressAboveRemote
	}
	return len(p.plain) > compressAbove
}

// frameWriter is the packet as the compressor's output.
type frameWriter packet

func (w *frameWriter) Write(b []byte) (int, error) {
	w.frame = append(w.frame, b...)
	return len(b), nil
}
