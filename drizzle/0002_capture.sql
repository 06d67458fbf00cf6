SELECT 'taskmirror: capture';
