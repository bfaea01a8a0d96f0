package remote

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"etcdkit/backup/store"
)

// Serve serves the store that the first request asks for on a connection, in to
// out, until in ends. Then it waits until the operations that were interrupted
// have cleaned up.
func Serve(ctx context.Context, in io.Reader, out io.WriteCloser, o store.Options) error {
	s := &server{options: o}
	conn := newPipes(in, out)
	h := &http.Server{
		Handler: s, Protocols: protocols(), HTTP2: flow(),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	err := h.Serve(&single{conn: conn})
	s.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	if s.store != nil {
		err = errors.Join(err, s.store.Close())
	}
	return err
}

// single is a listener that has one connection, and ends with it.
type single struct {
	conn *pipes
	once sync.Once
}

func (s *single) Accept() (net.Conn, error) {
	var first net.Conn
	s.once.Do(func() { first = s.conn })
	if first != nil {
		return first, nil
	}
	<-s.conn.ended
	return nil, net.ErrClosed
}

func (s *single) Close() error   { return nil }
func (s *single) Addr() net.Addr { return addr{} }

type server struct {
	options store.Options
	running sync.WaitGroup

	mu    sync.Mutex
	store store.Store
}

// ServeHTTP carries out a request. Its context ends with the connection.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.running.Add(1)
	defer s.running.Done()
	q := r.URL.Query()
	if r.URL.Path == pathOpen {
		fail(w, s.open(r))
		return
	}
	s.mu.Lock()
	st := s.store
	s.mu.Unlock()
	if st == nil {
		fail(w, errors.New("no store is open"))
		return
	}
	switch r.URL.Path {
	case pathPut:
		put(w, r, st)
	case pathGet:
		get(w, r, st)
	case pathList:
		list(w, st.List(r.Context(), q.Get("prefix")))
	case pathDelete:
		fail(w, st.Delete(r.Context(), q.Get("name")))
	case pathIncomplete:
		list(w, st.Incomplete(r.Context(), q.Get("prefix")))
	case pathAbort:
		fail(w, st.Abort(r.Context(), store.Upload{Name: q.Get("name"), ID: q.Get("id")}))
	default:
		fail(w, fmt.Errorf("unknown request %s", r.URL.Path))
	}
}

func (s *server) open(r *http.Request) error {
	var q request
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		return err
	}
	o := s.options
	o.Endpoint, o.Region, o.CAFile, o.PathStyle = q.Endpoint, q.Region, q.CAFile, q.PathStyle
	st, err := store.Open(context.WithoutCancel(r.Context()), q.Location, o)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store = st
	return nil
}

// fail answers with an error, or with nothing if there is none.
func fail(w http.ResponseWriter, err error) {
	if err != nil {
		w.Header().Set(failureTrailer, encode(err))
		w.WriteHeader(failureStatus)
	}
}

// put stores the body, if its end says that it is whole.
func put(w http.ResponseWriter, r *http.Request, st store.Store) {
	q := r.URL.Query()
	size, _ := strconv.ParseInt(q.Get("size"), 10, 64)
	o, err := st.Put(r.Context(), q.Get("name"), whole{bufio.NewReaderSize(r.Body, 64<<10)}, store.PutOptions{IfAbsent: q.Get("absent") != "", Size: size})
	if err != nil {
		fail(w, err)
		return
	}
	_ = json.NewEncoder(w).Encode(o) // a connection that has ended has no reader
}

// whole is the body of a request without its last byte, which says whether it is
// whole.
type whole struct{ r *bufio.Reader }

var errIncomplete = errors.New("the object was not sent to its end")

func (w whole) Read(p []byte) (int, error) {
	b, err := w.r.Peek(2)
	switch {
	case len(b) == 2:
		return w.r.Read(p[:min(len(p), w.r.Buffered()-1)])
	case err != io.EOF:
		return 0, err
	case len(b) == 1 && b[0] == isWhole:
		return 0, io.EOF
	}
	return 0, errIncomplete
}

func get(w http.ResponseWriter, r *http.Request, st store.Store) {
	offset, length, err := rangeOf(r.URL.Query())
	if err != nil {
		fail(w, err)
		return
	}
	body, err := st.Get(r.Context(), r.URL.Query().Get("name"), offset, length)
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Trailer", failureTrailer)
	w.WriteHeader(http.StatusOK)
	_, err = io.CopyBuffer(struct{ io.Writer }{w}, body, make([]byte, 256<<10))
	if err = errors.Join(err, body.Close()); err != nil {
		w.Header().Set(failureTrailer, encode(err))
	}
}

func rangeOf(q url.Values) (offset, length int64, err error) {
	offset, err = strconv.ParseInt(q.Get("offset"), 10, 64)
	if err == nil {
		length, err = strconv.ParseInt(q.Get("length"), 10, 64)
	}
	return offset, length, err
}

// list answers with a JSON document for each item.
func list[T any](w http.ResponseWriter, items iter.Seq2[T, error]) {
	w.Header().Set("Trailer", failureTrailer)
	w.WriteHeader(http.StatusOK)
	lines := json.NewEncoder(w)
	for item, err := range items {
		if err == nil {
			err = lines.Encode(item)
		}
		if err != nil {
			w.Header().Set(failureTrailer, encode(err))
			return
		}
	}
}

// closeWait bounds how long a program may take to clean up.
const closeWait = time.Minute
