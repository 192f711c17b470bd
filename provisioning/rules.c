#include <stdio.h>
#include <string.h>

#include "firmware/base/log.h"
#include "authd/core/identifier.h"
#include "provisioning/rules.h"

enum err rules_parse(const char *setting, const char *list, uint32_t *rules) {
    char copy[256], safe[64], *rest = NULL;
    (void)snprintf(copy, sizeof copy, "%s", list);
    *rules = 0;
    for (char *name = strtok_r(copy, ", ", &rest); name != NULL;
         name = strtok_r(NULL, ", ", &rest)) {
        enum identifier_rule rule;
        if (identifier_rule_parse(name, &rule) != ERR_OK) {
            log_event(LOG_ERROR, "settings", "setting=%s unknown-rule=%s", setting,
                      log_safe(name, safe, sizeof safe));
            return ERR_CONFIG;
        }
        *rules |= rule;
    }
    return ERR_OK;
}
