#include <string.h>
#include <strings.h>

#include "authd/edge/head.h"

#define HTTP_BAD_REQUEST        400
#define HTTP_NOT_FOUND          404
#define HTTP_METHOD_NOT_ALLOWED 405
#define HTTP_CONTENT_TOO_LARGE  413
#define HTTP_URI_TOO_LONG       414
#define HTTP_UNSUPPORTED_MEDIA  415
#define HTTP_HEADER_TOO_LARGE   431

#define BOTH (EDGE_PROFILE_MOSIP | EDGE_PROFILE_JOSE)

static const struct {
    enum edge_profile profiles; /* or-ed */
    const char *text;
} names[HEAD_NAMES] = {
    [HEAD_HOST] = {BOTH, "Host"},
    [HEAD_CONTENT_LENGTH] = {BOTH, "Content-Length"},
    [HEAD_CONTENT_TYPE] = {BOTH, "Content-Type"},
    [HEAD_TRANSFER_ENCODING] = {BOTH, "Transfer-Encoding"},
    [HEAD_SIGNATURE] = {EDGE_PROFILE_MOSIP, "signature"},
    [HEAD_AUTHORIZATION] = {EDGE_PROFILE_MOSIP, "Authorization"},
    [HEAD_IDEMPOTENCY_KEY] = {EDGE_PROFILE_JOSE, "Idempotency-Key"},
};

static bool equal_caseless(struct bytes view, const char *text) {
    return view.len == strlen(text) && strncasecmp((const char *)view.data, text, view.len) == 0;
}

/* token of RFC 9110 §5.6.2 */
static bool is_token(struct bytes view) {
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < view.len; i++) {
        uint8_t c = view.data[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        bool digit = c >= '0' && c <= '9';
        if (!letter && !digit && (c == 0 || strchr(others, c) == NULL))
            return false;
    }
    return view.len > 0;
}

static bool has_control_character(struct bytes view) {
    for (size_t i = 0; i < view.len; i++)
        if ((view.data[i] < 0x20 && view.data[i] != '\t') || view.data[i] == 0x7f)
            return true;
    return false;
}

static bool is_visible_ascii(struct bytes view) {
    for (size_t i = 0; i < view.len; i++)
        if (view.data[i] < 0x21 || view.data[i] > 0x7e)
            return false;
    return true;
}

static struct bytes without_space_at_end(struct bytes view) {
    while (view.len > 0 && (view.data[view.len - 1] == ' ' || view.data[view.len - 1] == '\t'))
        view.len--;
    return view;
}

void head_begin(struct head *head, enum edge_profile profile, struct bytes target) {
    const uint8_t *query = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;
    size_t len = query != NULL ? (size_t)(query - target.data) : target.len;
    *head = (struct head){.profile = profile, .path_too_long = len > EDGE_PATH_MAX};
    head->path = head->path_too_long ? bytes_of(NULL, 0) : bytes_of(target.data, len);
}

void head_add(struct head *head, struct bytes name, struct bytes value) {
    if (!is_token(name) || has_control_character(value))
        head->malformed = true;
    for (size_t i = 0; i < HEAD_NAMES; i++) {
        if ((names[i].profiles & head->profile) == 0 || !equal_caseless(name, names[i].text))
            continue;
        if (head->seen[i])
            head->malformed = true;
        head->seen[i] = true;
        head->value[i] = without_space_at_end(value);
    }
}

/* ERR_TOO_LARGE when the number doesn't fit, ERR_MALFORMED when it is none. */
static enum err read_length(struct bytes text, uint64_t *length) {
    *length = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return ERR_MALFORMED;
        if (*length > (UINT64_MAX - 9) / 10)
            return ERR_TOO_LARGE;
        *length = *length * 10 + (uint64_t)(text.data[i] - '0');
    }
    return text.len > 0 ? ERR_OK : ERR_MALFORMED;
}

static bool is_media(struct bytes type, const char *name) {
    size_t len = strlen(name);
    if (type.len < len || strncasecmp((const char *)type.data, name, len) != 0)
        return false;
    return type.len == len || memchr("; \t", type.data[len], 3) != NULL;
}

/* Of the media type alone, whatever its parameters. */
static enum edge_media media_of(const struct head *head) {
    struct bytes type = head->value[HEAD_CONTENT_TYPE];
    if (!head->seen[HEAD_CONTENT_TYPE])
        return EDGE_MEDIA_NONE;
    if (is_media(type, "application/json"))
        return EDGE_MEDIA_JSON;
    return is_media(type, "application/jose") ? EDGE_MEDIA_JOSE : EDGE_MEDIA_OTHER;
}

static bool framing_is_sound(const struct head *head, struct head_verdict *verdict) {
    bool version_1_0 = bytes_equal_text(head->version, "HTTP/1.0");
    bool path_is_sound = head->path_too_long || (head->path.len > 0 && head->path.data[0] == '/' &&
                                                 is_visible_ascii(head->path));
    if (head->malformed || !path_is_sound || (!version_1_0 && !head->seen[HEAD_HOST]))
        return false;
    if (head->seen[HEAD_TRANSFER_ENCODING]) {
        verdict->chunked = true;
        return !version_1_0 && !head->seen[HEAD_CONTENT_LENGTH] &&
               equal_caseless(head->value[HEAD_TRANSFER_ENCODING], "chunked");
    }
    if (!head->seen[HEAD_CONTENT_LENGTH])
        return true;
    enum err err = read_length(head->value[HEAD_CONTENT_LENGTH], &verdict->body_len);
    if (err == ERR_TOO_LARGE)
        verdict->body_len = UINT64_MAX;
    return err != ERR_MALFORMED;
}

static struct head_verdict refuse(struct head_verdict verdict, unsigned status, bool hang_up) {
    verdict.status = status;
    verdict.hang_up = hang_up || verdict.body_len > HEAD_DRAIN_MAX;
    return verdict;
}

static bool key_is_sound(const struct head *head) {
    return !head->seen[HEAD_IDEMPOTENCY_KEY] ||
           edge_wire_is_idempotency_key(head->value[HEAD_IDEMPOTENCY_KEY]);
}

/* What the profile wants of a head that is sound and has a route. */
static struct head_verdict judge_content(const struct head *head, struct head_verdict verdict,
                                         uint64_t body_max) {
    bool has_body = verdict.chunked || verdict.body_len > 0;
    bool post = verdict.route->method == EDGE_POST;
    verdict.media = media_of(head);
    if (!post && has_body)
        return refuse(verdict, HTTP_BAD_REQUEST, true);
    if (!key_is_sound(head))
        return refuse(verdict, HTTP_BAD_REQUEST, false);
    if (post && head->profile == EDGE_PROFILE_MOSIP && verdict.media != EDGE_MEDIA_JSON)
        return refuse(verdict, HTTP_UNSUPPORTED_MEDIA, false);
    if (verdict.body_len > body_max)
        return refuse(verdict, HTTP_CONTENT_TOO_LARGE, false);
    return verdict;
}

struct head_verdict head_judge(const struct head *head, uint64_t body_max) {
    struct head_verdict verdict = {0};
    if (!framing_is_sound(head, &verdict))
        return refuse(verdict, HTTP_BAD_REQUEST, true);
    if (head->path_too_long)
        return refuse(verdict, HTTP_URI_TOO_LONG, true);
    if (head->value[HEAD_SIGNATURE].len > EDGE_SIGNATURE_MAX ||
        head->value[HEAD_AUTHORIZATION].len > EDGE_AUTHORIZATION_MAX)
        return refuse(verdict, HTTP_HEADER_TOO_LARGE, true);
    verdict.route = route_find(head->profile, head->path);
    if (verdict.route == NULL)
        return refuse(verdict, HTTP_NOT_FOUND, false);
    if (!bytes_equal_text(head->method, route_method(verdict.route)))
        return refuse(verdict, HTTP_METHOD_NOT_ALLOWED, false);
    return judge_content(head, verdict, body_max);
}
