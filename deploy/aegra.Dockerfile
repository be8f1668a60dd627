# Aegra needs Python 3.12 or newer: on 3.11 pip takes a version of years ago.
FROM python:3.12-slim
WORKDIR /app
COPY . .
RUN pip install --no-cache-dir ".[postgres,serve]" "aegra-api>=0.11,<1" "aegra-cli>=0.11,<1" \
    && useradd --create-home orchestrate && mkdir /data && chown orchestrate /data
USER orchestrate
ENV PYTHONPATH=/app
EXPOSE 2026
CMD ["aegra", "serve", "--host", "0.0.0.0", "--port", "2026"]
