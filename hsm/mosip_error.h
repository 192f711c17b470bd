#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * MOSIP's error codes, as typed values. The signer turns them into text, so that nobody else can
 * put words into a signed answer. X(name, code, message, action): "%s" in message or action stands
 * for the one detail, a parameter name or a number, never a person's value. action "" is not sent.
 */
#define MOSIP_ERRORS(X)                                                                            \
    X(OTA_001, "IDA-OTA-001", "Too many OTP requests in a short time", "Please try again later")   \
    X(OTA_002, "IDA-OTA-002", "Could not generate or send OTP: %s", "")                            \
    X(OTA_003, "IDA-OTA-003", "OTP has expired", "Please regenerate OTP")                          \
    X(OTA_004, "IDA-OTA-004", "OTP is invalid", "Please provide correct OTP value")                \
    X(OTA_005, "IDA-OTA-005",                                                                      \
      "Transaction ID does not match the transaction ID of the OTP request", "")                   \
    X(OTA_006, "IDA-OTA-006", "UIN is locked for OTP generation", "Please try again later")        \
    X(OTA_007, "IDA-OTA-007", "UIN is locked for OTP validation", "Please try again later")        \
    X(OTA_008, "IDA-OTA-008", "OTP notification channel not provided", "")                         \
    X(OTA_009, "IDA-OTA-009", "OTP notification channel not configured: %s", "")                   \
    X(OTA_010, "IDA-OTA-010",                                                                      \
      "Individual ID type does not match the type used in the OTP request", "")                    \
    X(OTA_011, "IDA-OTA-011", "Partner does not match the partner of the OTP request", "")         \
    X(OTA_012, "IDA-OTA-012", "OTP was not generated for this individual", "")                     \
    X(OTA_013, "IDA-OTA-013",                                                                      \
      "OTP authentication is frozen for %s after too many consecutive failures",                   \
      "Please try again later")                                                                    \
    X(MLC_001, "IDA-MLC-001", "Request to be received within %s seconds of its time",              \
      "Please send the request within %s seconds")                                                 \
    X(MLC_002, "IDA-MLC-002", "Invalid UIN", "Please retry with the correct UIN")                  \
    X(MLC_003, "IDA-MLC-003", "UIN has been deactivated", "")                                      \
    X(MLC_004, "IDA-MLC-004", "Invalid VID", "Please retry with the correct VID")                  \
    X(MLC_006, "IDA-MLC-006", "Missing input parameter - %s", "")                                  \
    X(MLC_007, "IDA-MLC-007", "Request could not be processed. Please try again", "")              \
    X(MLC_008, "IDA-MLC-008", "No authentication type selected", "")                               \
    X(MLC_009, "IDA-MLC-009", "Invalid input parameter - %s", "")                                  \
    X(MLC_011, "IDA-MLC-011", "Unsupported authentication type - %s",                              \
      "Please use other authentication types in the request")                                      \
    X(MLC_012, "IDA-MLC-012", "Individual's consent is not available", "")                         \
    X(MLC_013, "IDA-MLC-013", "Missing %s auth attribute", "")                                     \
    X(MLC_014, "IDA-MLC-014", "Phone or e-mail is not registered: %s", "")                         \
    X(MLC_015, "IDA-MLC-015", "Identity type not configured for the country - %s", "")             \
    X(MLC_018, "IDA-MLC-018", "%s not available in database", "")                                  \
    X(MLC_019, "IDA-MLC-019", "%s auth type is locked for the UIN", "")                            \
    X(MLC_020, "IDA-MLC-020", "Unable to encrypt data", "")                                        \
    X(MLC_022, "IDA-MLC-022", "%s is deactivated or blocked", "")                                  \
    X(MLC_023, "IDA-MLC-023", "VID is expired or deactivated", "Please regenerate VID")            \
    X(MLC_024, "IDA-MLC-024", "%s of request does not match that of the biometrics", "")           \
    X(MPA_001, "IDA-MPA-001", "Digital signature verification failed for %s", "")                  \
    X(MPA_003, "IDA-MPA-003", "Unable to decrypt request", "")                                     \
    X(MPA_005, "IDA-MPA-005", "OTP request is not allowed by policy", "")                          \
    X(MPA_006, "IDA-MPA-006", "%s authentication is not allowed by policy", "")                    \
    X(MPA_007, "IDA-MPA-007", "License key does not belong to a registered MISP", "")              \
    X(MPA_008, "IDA-MPA-008", "License key of MISP has expired", "")                               \
    X(MPA_009, "IDA-MPA-009", "Partner is not registered", "")                                     \
    X(MPA_012, "IDA-MPA-012", "Partner is deactivated", "")                                        \
    X(MPA_013, "IDA-MPA-013", "Partner is not authorised for eKYC", "")                            \
    X(MPA_014, "IDA-MPA-014", "Partner has no policy", "")                                         \
    X(MPA_015, "IDA-MPA-015", "%s authentication is mandatory by policy", "")                      \
    X(MPA_016, "IDA-MPA-016", "HMAC validation failed", "")                                        \
    X(MPA_017, "IDA-MPA-017", "License key of MISP is blocked", "")                                \
    X(MPA_018, "IDA-MPA-018", "Policy ID is not known", "")                                        \
    X(MPA_019, "IDA-MPA-019", "Policy is not active", "")                                          \
    X(MPA_020, "IDA-MPA-020", "Partner certificate is not available", "")                          \
    X(MPA_021, "IDA-MPA-021", "Partner certificate differs from that of the signature header", "") \
    X(MPA_022, "IDA-MPA-022", "Certificate is absent in the signature header", "")                 \
    X(MPA_038, "IDA-MPA-038", "License key, partner ID or API key is missing in the path", "")     \
    X(MPA_039, "IDA-MPA-039", "API key of the partner is expired or not yet valid", "")            \
    X(DEA_001, "IDA-DEA-001", "Demographic data %s did not match", "Please re-enter your %s")      \
    X(DEA_002, "IDA-DEA-002", "Unsupported language code - %s", "")                                \
    X(DEA_003, "IDA-DEA-003", "Demographic data %s not available in database", "")                 \
    X(BIA_001, "IDA-BIA-001", "Biometric data - %s did not match",                                 \
      "Please give your biometrics again")                                                         \
    X(BIA_002, "IDA-BIA-002", "Duplicate fingers in request",                                      \
      "Please try again with distinct fingers")                                                    \
    X(BIA_003, "IDA-BIA-003", "Number of fingers should not exceed %s",                            \
      "Please use at most %s fingers")                                                             \
    X(BIA_006, "IDA-BIA-006", "Biometric data - %s is not available in database", "")              \
    X(BIA_007, "IDA-BIA-007", "Duplicate irises in request",                                       \
      "Please try again with distinct irises")                                                     \
    X(BIA_008, "IDA-BIA-008", "Number of irises should not exceed 2", "")                          \
    X(BIA_009, "IDA-BIA-009", "Number of faces should not exceed 1", "")                           \
    X(BIA_010, "IDA-BIA-010", "Single FMR record contains more than one finger", "")               \
    X(BIA_011, "IDA-BIA-011", "Invalid biometric data - %s", "")                                   \
    X(BIA_014, "IDA-BIA-014", "Hash validation of biometrics failed", "")                          \
    X(BIA_017, "IDA-BIA-017", "Technical failure in biometric match - %s", "Please try again")     \
    X(DPM_004, "IDA-DPM-004", "Device type and biometric type do not match", "")                   \
    X(MLC_030, "IDA-MLC-030",                                                                      \
      "Times of biometrics are not in order or more than %s seconds apart", "")                    \
    X(MLC_031, "IDA-MLC-031",                                                                      \
      "Times of digital ids are not in order or more than %s seconds apart", "")                   \
    X(EKA_001, "IDA-EKA-001", "Unable to encrypt the eKYC response", "")

enum mosip_error {
    MOSIP_NO_ERROR = 0,
#define MOSIP_ERROR_NAME(name, code, message, action) MOSIP_##name,
    MOSIP_ERRORS(MOSIP_ERROR_NAME)
#undef MOSIP_ERROR_NAME
        MOSIP_ERROR_COUNT
};

/*
 * What actionMessage advises instead of the error's own text, after a biometric that did not match.
 * X(name, text)
 */
#define MOSIP_ACTIONS(X)                                                                           \
    X(TRY_RIGHT_THUMB, "Please try with the right thumb")                                          \
    X(TRY_RIGHT_INDEX, "Please try with the right index finger")                                   \
    X(TRY_RIGHT_MIDDLE, "Please try with the right middle finger")                                 \
    X(TRY_RIGHT_RING, "Please try with the right ring finger")                                     \
    X(TRY_RIGHT_LITTLE, "Please try with the right little finger")                                 \
    X(TRY_LEFT_THUMB, "Please try with the left thumb")                                            \
    X(TRY_LEFT_INDEX, "Please try with the left index finger")                                     \
    X(TRY_LEFT_MIDDLE, "Please try with the left middle finger")                                   \
    X(TRY_LEFT_RING, "Please try with the left ring finger")                                       \
    X(TRY_LEFT_LITTLE, "Please try with the left little finger")                                   \
    X(TRY_IRIS, "Please try with the iris")                                                        \
    X(TRY_FACE, "Please try with the face")                                                        \
    X(TRY_OTP, "Please try with a one-time code")                                                  \
    X(TRY_LATER, "Please try again later")

enum mosip_action {
    MOSIP_ACTION_OF_ERROR = 0,
#define MOSIP_ACTION_NAME(name, text) MOSIP_ACTION_##name,
    MOSIP_ACTIONS(MOSIP_ACTION_NAME)
#undef MOSIP_ACTION_NAME
        MOSIP_ACTION_COUNT
};

/* "IDA-MLC-006"; "" for a value that is none. Never NULL. The same for the texts, in which "%s" is
 * still to be replaced. */
const char *mosip_error_code(enum mosip_error error);
const char *mosip_error_message(enum mosip_error error);
const char *mosip_error_action(enum mosip_error error);
const char *mosip_error_advice(enum mosip_action action);
/* Whether an action of MOSIP_ACTIONS may stand in the place of this error's own text: after
 * biometrics that did not match, are not there, or must wait. */
bool mosip_error_is_advised(enum mosip_error error);
