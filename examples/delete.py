"""Deletes one OKdokument signature request: python3 delete.py ID

OKDOK_BASE_URL is the service and OKDOK_API_KEY the key. The exit code is 0 only if the signature request is gone.
"""

import sys

import okdok


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: delete.py ID", file=sys.stderr)
        return 2
    try:
        with okdok.Client.from_env() as client:
            deletion = client.delete_signature_request(sys.argv[1])
    except okdok.NotFoundError:
        print("There is no such signature request.", file=sys.stderr)
    except okdok.UnauthorizedError:
        print("The service does not accept this API key.", file=sys.stderr)
    except okdok.OkdokError as error:
        print(f"Not deleted: {error}", file=sys.stderr)
        if error.outcome_unknown:
            print("The service may have deleted it anyway; run this again to find out.", file=sys.stderr)
    else:
        print(f"Presumably deleted {deletion.id}" if deletion.presumed else f"Deleted {deletion.id}")
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
