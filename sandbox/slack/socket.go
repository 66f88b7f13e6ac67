package slack

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// socketAck is where Slack drops an answer over the socket, in bytes.
const socketAck = 20480

func (s *Slack) openSocket() map[string]any {
	ticket := "t" + strconv.FormatInt(s.next(), 36)
	s.tickets[ticket] = true
	return map[string]any{"ok": true, "url": strings.Replace(s.o.BaseURL, "http", "ws", 1) + "/socket?ticket=" + ticket}
}

var upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

// serveSocket is one connection of the app: a hello, envelopes, and a ping every few seconds.
func (s *Slack) serveSocket(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	ticket := r.URL.Query().Get("ticket")
	known := s.tickets[ticket]
	delete(s.tickets, ticket) // each address is good once
	s.mu.Unlock()
	if !known {
		http.Error(w, "unknown ticket", http.StatusForbidden)
		return
	}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	done := make(chan struct{})
	defer close(done)
	s.mu.Lock()
	select {
	case <-s.closed: // nothing more is begun
		s.mu.Unlock()
		return
	default:
	}
	hello := map[string]any{"type": "hello", "num_connections": len(s.sockets) + 1, "connection_info": map[string]any{"app_id": s.o.AppID},
		"debug_info": map[string]any{"host": "sandbox", "approximate_connection_time": 18060}}
	err = conn.WriteJSON(hello)
	s.sockets = append(s.sockets, conn)
	s.greeted++
	s.work.Go(func() { s.ping(conn, done) })
	s.mu.Unlock()
	if err != nil {
		return
	}
	s.readAcks(conn)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sockets = slices.DeleteFunc(s.sockets, func(c *websocket.Conn) bool { return c == conn })
}

// ping pings a connection every few seconds until it is done.
func (s *Slack) ping(conn *websocket.Conn, done chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-s.closed:
			return
		case <-time.After(5 * time.Second):
			s.mu.Lock()
			_ = conn.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(time.Second))
			s.mu.Unlock()
		}
	}
}

// readAcks hands out what the app acknowledges, until the connection ends.
func (s *Slack) readAcks(conn *websocket.Conn) {
	for {
		var ack struct {
			EnvelopeID string          `json:"envelope_id"`
			Payload    json.RawMessage `json:"payload"`
		}
		_, raw, err := conn.ReadMessage()
		if err != nil {
			return
		}
		if len(raw) >= socketAck || json.Unmarshal(raw, &ack) != nil {
			continue // dropped without a word, as the real one does
		}
		s.mu.Lock()
		if ack.EnvelopeID == "" { // hello and disconnect have none: they are not acknowledged
			s.recordWire(Exchange{At: time.Now(), From: "app", What: "acknowledgement", Sent: string(raw), Refused: "no envelope_id"})
		}
		if c, ok := s.waiting[ack.EnvelopeID]; ok {
			delete(s.waiting, ack.EnvelopeID)
			c <- ack.Payload
		}
		s.mu.Unlock()
	}
}

// envelope sends a delivery to one of the app's connections and waits for its answer.
func (s *Slack) envelope(ctx context.Context, kind string, payload any) ([]byte, error) {
	s.mu.Lock()
	id := strconv.FormatInt(time.Now().UnixNano(), 36) + strconv.FormatInt(s.next(), 36)
	s.mu.Unlock()
	frame, err := json.Marshal(map[string]any{
		"envelope_id": id, "type": kind, "payload": payload, "accepts_response_payload": kind != "events_api",
	})
	if err != nil {
		return nil, err
	}
	return s.Frame(ctx, id, frame)
}

// Frame sends any bytes to one of the app's connections and waits until it acknowledges an envelope. It does not
// wait where id is empty.
func (s *Slack) Frame(ctx context.Context, id string, frame []byte) ([]byte, error) {
	answer := make(chan json.RawMessage, 1)
	s.mu.Lock()
	if len(s.sockets) == 0 {
		s.mu.Unlock()
		return nil, errors.New("the app is not connected")
	}
	if id != "" {
		s.waiting[id] = answer
	}
	err := s.sockets[int(s.next())%len(s.sockets)].WriteMessage(websocket.TextMessage, frame)
	s.mu.Unlock()
	if err != nil || id == "" {
		return nil, err
	}
	select {
	case raw := <-answer:
		return raw, nil
	case <-ctx.Done():
		s.mu.Lock()
		delete(s.waiting, id)
		s.mu.Unlock()
		return nil, ctx.Err()
	}
}

// Sockets is how many connections of the app are open, and how many ever were.
func (s *Slack) Sockets() (open, ever int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sockets), s.greeted
}

// Connected says whether the app listens on a socket.
func (s *Slack) Connected() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.sockets) > 0 }
